//! Newline-delimited messages over a pair of byte streams: stdio, of ours and of children.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use super::json::Raw;
use super::message::Frame;
use super::peer::{Link, LinkError, Outgoing, lock};

/// Bytes that may wait for a reader on the other side before messages are refused.
const MAX_QUEUED: usize = 64 * 1024 * 1024;
/// First size of the read buffer; it grows to the longest line.
const READ_BUFFER: usize = 8 * 1024;

/// The write half of a connection of lines.
#[derive(Debug, Clone)]
pub(crate) struct LineLink {
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct QueueState {
    frames: VecDeque<Frame>,
    bytes: usize,
    closed: bool,
}

impl LineLink {
    /// A link whose messages [`LineLink::write_to`] writes.
    pub(crate) fn new() -> Self {
        Self {
            queue: Arc::new(Queue {
                state: Mutex::default(),
                changed: Notify::new(),
            }),
        }
    }

    /// Writes what is sent until the link is closed and empty. All that waits leaves in one write.
    pub(crate) async fn write_to(self, mut writer: impl AsyncWrite + Unpin) -> io::Result<()> {
        loop {
            let (frames, closed) = {
                let mut state = lock(&self.queue.state);
                state.bytes = 0;
                (std::mem::take(&mut state.frames), state.closed)
            };
            if frames.is_empty() {
                if closed {
                    return writer.shutdown().await;
                }
                self.queue.changed.notified().await;
                continue;
            }
            write_frames(&mut writer, frames).await?;
            writer.flush().await?;
        }
    }
}

impl Link for LineLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        let mut frame = Frame::default();
        message.message.encode(&mut frame);
        keep_to_one_line(&mut frame);
        frame.tail.push('\n');
        {
            let mut state = lock(&self.queue.state);
            if state.closed {
                return Err(LinkError::Closed);
            }
            // A single message of any size passes; a backlog does not.
            if state.bytes > MAX_QUEUED {
                return Err(LinkError::Full);
            }
            state.bytes += frame.len();
            state.frames.push_back(frame);
        }
        self.queue.changed.notify_one();
        Ok(())
    }

    fn close(&self) {
        lock(&self.queue.state).closed = true;
        self.queue.changed.notify_one();
    }
}

/// An answer that came over HTTP may be spread over lines. In JSON a raw line end is white space.
fn keep_to_one_line(frame: &mut Frame) {
    let broken = |text: &str| memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_some();
    if broken(&frame.head) {
        frame.head = frame.head.replace(['\n', '\r'], " ");
    }
    if let Some(payload) = frame.payload.take_if(|payload| broken(payload.as_str())) {
        frame.payload = Some(Raw::from_json(payload.as_str().replace(['\n', '\r'], " ")));
    }
}

/// Writes frames as few large writes: small ones are joined, large payloads are not copied.
async fn write_frames(
    writer: &mut (impl AsyncWrite + Unpin),
    frames: VecDeque<Frame>,
) -> io::Result<()> {
    let mut text = String::new();
    for frame in frames {
        if text.is_empty() {
            text = frame.head;
        } else {
            text.push_str(&frame.head);
        }
        if let Some(payload) = frame.payload {
            write_all_vectored(writer, text.as_bytes(), payload.bytes()).await?;
            text.clear();
        }
        text.push_str(&frame.tail);
    }
    writer.write_all(text.as_bytes()).await
}

async fn write_all_vectored(
    writer: &mut (impl AsyncWrite + Unpin),
    mut first: &[u8],
    mut second: &[u8],
) -> io::Result<()> {
    while !first.is_empty() {
        let written = writer
            .write_vectored(&[IoSlice::new(first), IoSlice::new(second)])
            .await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        if written < first.len() {
            first = &first[written..];
        } else {
            second = &second[written - first.len()..];
            first = &[];
        }
    }
    writer.write_all(second).await
}

/// What the read half yields.
#[derive(Debug)]
pub(crate) enum Line {
    /// One line, without its end.
    Text(ByteString),
    /// A line that is not UTF-8.
    NotText,
    /// A line longer than allowed; it was skipped to its end.
    TooLong,
}

/// The read half of a connection of lines.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    reader: R,
    max_line: usize,
    buffer: BytesMut,
    /// Bytes of the buffer that are known to hold no newline.
    searched: usize,
    /// A line that was too long is being passed over.
    skipping: bool,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(crate) fn new(reader: R, max_line: usize) -> Self {
        Self {
            reader,
            max_line,
            buffer: BytesMut::with_capacity(READ_BUFFER),
            searched: 0,
            skipping: false,
        }
    }

    /// The next line that is not empty; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            while let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let line = self.buffer.split_to(self.searched + at + 1).freeze();
                self.searched = 0;
                if std::mem::take(&mut self.skipping) {
                    continue;
                }
                // Room for a carriage return, as below.
                if line.len() - 1 > self.max_line.saturating_add(1) {
                    return Ok(Some(Line::TooLong));
                }
                if let Some(line) = trim(&line) {
                    return Ok(Some(if line.len() > self.max_line {
                        Line::TooLong
                    } else {
                        ByteString::try_from(line).map_or(Line::NotText, Line::Text)
                    }));
                }
            }
            self.searched = self.buffer.len();
            if self.searched > self.max_line.saturating_add(1) {
                self.buffer.clear();
                self.searched = 0;
                if !std::mem::replace(&mut self.skipping, true) {
                    return Ok(Some(Line::TooLong));
                }
            }
            if self.buffer.capacity() == self.buffer.len() {
                // Doubling keeps the copies of a growing line linear in its length.
                self.buffer.reserve(self.buffer.len().max(READ_BUFFER));
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// The line without its end, unless nothing is left.
fn trim(line: &Bytes) -> Option<Bytes> {
    let end = line
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'))?
        + 1;
    Some(line.slice(..end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Message, Response};

    async fn read(text: &[u8], max: usize) -> Vec<String> {
        let mut reader = LineReader::new(text, max);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await.unwrap() {
            lines.push(match line {
                Line::Text(text) => text.to_string(),
                other => format!("{other:?}"),
            });
        }
        lines
    }

    #[tokio::test]
    async fn lines_are_split_and_bad_ones_cost_only_themselves() {
        assert_eq!(read(b"a\r\n\n\nbc\n", 10).await, ["a", "bc"]);
        assert_eq!(read(b"\xff\nok\n", 10).await, ["NotText", "ok"]);
        assert_eq!(
            read(b"aaaaaaaaaaaaaaaaaaaa\nok\n", 10).await,
            ["TooLong", "ok"]
        );
        let long = [vec![b'x'; 50_000], b"\nok\n".to_vec()].concat();
        assert_eq!(read(&long, 10).await, ["TooLong", "ok"]);
        assert_eq!(read(&long, 50_000).await.len(), 2);
    }

    #[tokio::test]
    async fn a_message_is_one_line_however_its_payload_was_written() {
        let link = LineLink::new();
        for size in [0, 40_000] {
            let result = format!("{{\n  \"a\": \"{}\"\r\n}}", "x".repeat(size));
            let response = Response {
                id: None,
                outcome: Ok(Raw::from_json(result)),
            };
            link.send(Outgoing::new(Message::Response(response)))
                .unwrap();
        }
        link.close();
        let mut out = Vec::new();
        link.write_to(&mut out).await.unwrap();
        let lines: Vec<_> = out.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 3, "two lines and their ends");
        for line in &lines[..2] {
            serde_json::from_slice::<serde_json::Value>(line).unwrap();
        }
    }
}
