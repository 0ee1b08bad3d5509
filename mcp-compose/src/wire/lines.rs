//! Newline-delimited messages over a pair of byte streams: stdio, of ours and of children.

mod reader;

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use super::json::Raw;
use super::message::{Frame, Message};
use super::peer::{Link, LinkError, Outgoing, lock};
use super::stall::Stalling;
pub(crate) use reader::{Line, LineReader, Whose};

/// What may wait for a reader on the other side, and how long. A single message of any size passes; a backlog does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes after which requests and notifications are refused.
    pub(crate) queued: usize,
    /// Bytes after which not even answers are taken any more.
    pub(crate) answers: usize,
    /// How long the reader may take nothing at all.
    pub(crate) stall: Duration,
}

impl Bounds {
    /// Toward a child: more than this is unread only where it does not read.
    pub(crate) const CHILD: Self = Self {
        queued: 4 * 1024 * 1024,
        answers: 16 * 1024 * 1024,
        stall: Duration::from_secs(10),
    };
    /// Toward a client: what it is told may be dropped, an answer to what it asked is owed.
    pub(crate) const CLIENT: Self = Self {
        queued: 1024 * 1024,
        answers: 64 * 1024 * 1024,
        stall: Duration::from_secs(30),
    };

    /// Bytes that may wait for a message like this one to be taken.
    fn room_for(&self, message: &Outgoing) -> usize {
        match message.message {
            _ if message.expendable => self.queued / 4,
            Message::Response(_) => self.answers,
            Message::Request(_) | Message::Notification(_) => self.queued,
        }
    }
}

/// The write half of a connection of lines.
#[derive(Debug, Clone)]
pub(crate) struct LineLink {
    queue: Arc<Queue>,
    bounds: Bounds,
}

#[derive(Debug)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Notify,
    /// Something has been written, or never will be.
    written: Notify,
}

impl Queue {
    /// Whether so much waits that answers should not add to it.
    fn is_crowded(&self, bounds: Bounds) -> bool {
        let state = lock(&self.state);
        !state.closed && state.bytes + state.writing > bounds.answers / 2
    }
}

#[derive(Debug, Default)]
struct QueueState {
    frames: VecDeque<Frame>,
    /// Bytes of `frames`.
    bytes: usize,
    /// Bytes that are being written.
    writing: usize,
    closed: bool,
}

impl LineLink {
    /// A link whose messages [`LineLink::write_to`] writes.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            queue: Arc::new(Queue {
                state: Mutex::default(),
                changed: Notify::new(),
                written: Notify::new(),
            }),
            bounds,
        }
    }

    /// Writes what is sent until the link is closed and empty. All that waits leaves in one write.
    ///
    /// # Errors
    /// The writer's; `TimedOut` when it takes nothing for as long as the bounds allow. The link takes nothing more then.
    pub(crate) async fn write_to(self, writer: impl AsyncWrite + Unpin) -> io::Result<()> {
        let written = self.write(Stalling::new(writer, self.bounds.stall)).await;
        if written.is_err() {
            let mut state = lock(&self.queue.state);
            state.closed = true;
            state.frames = VecDeque::new();
            state.bytes = 0;
            drop(state);
            self.queue.written.notify_waiters();
        }
        written
    }

    async fn write(&self, mut writer: impl AsyncWrite + Unpin) -> io::Result<()> {
        loop {
            let (frames, closed) = {
                let mut state = lock(&self.queue.state);
                state.writing = std::mem::take(&mut state.bytes);
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
            lock(&self.queue.state).writing = 0;
            self.queue.written.notify_waiters();
        }
    }
}

impl Link for LineLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        let room = self.bounds.room_for(&message);
        let mut frame = Frame::default();
        message.message.encode(&mut frame);
        keep_to_one_line(&mut frame);
        frame.tail.push('\n');
        {
            let mut state = lock(&self.queue.state);
            if state.closed {
                return Err(LinkError::Closed);
            }
            if state.bytes + state.writing > room {
                return Err(LinkError::Full);
            }
            state.bytes += frame.len();
            state.frames.push_back(frame);
        }
        self.queue.changed.notify_one();
        Ok(())
    }

    fn room(&self) -> Option<BoxFuture<'static, ()>> {
        let (queue, bounds) = (Arc::clone(&self.queue), self.bounds);
        queue.is_crowded(bounds).then(|| {
            async move {
                loop {
                    let mut written = pin!(queue.written.notified());
                    written.as_mut().enable();
                    if !queue.is_crowded(bounds) {
                        return;
                    }
                    written.await;
                }
            }
            .boxed()
        })
    }

    fn close(&self) {
        lock(&self.queue.state).closed = true;
        self.queue.changed.notify_one();
        self.queue.written.notify_waiters();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Id, Notification, Response};

    #[tokio::test]
    async fn a_message_is_one_line_however_its_payload_was_written() {
        let link = LineLink::new(Bounds::CHILD);
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

    fn note() -> Outgoing {
        Outgoing::new(Message::Notification(Notification::new("x", None)))
    }

    fn response() -> Outgoing {
        Outgoing::new(Message::Response(Response {
            id: Some(Id::number(1)),
            outcome: Ok(Raw::from_static("{}")),
        }))
    }

    #[test]
    fn a16_what_waits_is_bounded_and_what_is_owed_passes_longest() {
        let link = LineLink::new(Bounds {
            queued: 1000,
            answers: 2000,
            ..Bounds::CHILD
        });
        let fill = |make: &dyn Fn() -> Outgoing| {
            let mut sent = 0;
            while link.send(make()).is_ok() {
                sent += 1;
            }
            assert_eq!(link.send(make()), Err(LinkError::Full));
            (sent, lock(&link.queue.state).bytes)
        };
        let expendable = || Outgoing {
            expendable: true,
            ..response()
        };
        for (make, bound) in [
            (&expendable as &dyn Fn() -> Outgoing, 250),
            (&note, 1000),
            (&response, 2000),
        ] {
            let (sent, bytes) = fill(make);
            assert!(sent > 0 && bytes > bound && bytes < bound + 100, "{bytes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a16_a_reader_that_stands_still_ends_the_writing_and_a_slow_one_does_not() {
        use tokio::io::AsyncReadExt;
        let (ours, mut theirs) = tokio::io::duplex(16);
        let link = LineLink::new(Bounds::CHILD);
        let writing = tokio::spawn(link.clone().write_to(ours));
        link.send(note()).unwrap();
        let mut byte = [0];
        for _ in 0..20 {
            tokio::time::sleep(Bounds::CHILD.stall / 2).await;
            theirs.read_exact(&mut byte).await.unwrap();
        }
        link.send(note()).unwrap();
        let error = writing.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        assert_eq!(link.send(note()), Err(LinkError::Closed));
    }

    #[tokio::test]
    async fn c07_answers_wait_for_a_reader_that_is_slow_and_none_is_lost() {
        let bounds = Bounds {
            queued: 10,
            answers: 4000,
            stall: Duration::from_secs(3600),
        };
        let link = LineLink::new(bounds);
        assert!(link.room().is_none());
        let (ours, mut theirs) = tokio::io::duplex(100);
        let writing = tokio::spawn(link.clone().write_to(ours));
        let mut sent = 0;
        let room = loop {
            let response = Response {
                id: Some(Id::number(sent)),
                outcome: Ok(Raw::from_static("{}")),
            };
            link.send(Outgoing::new(Message::Response(response)))
                .expect("there is room until it is said that there is none");
            sent += 1;
            if let Some(room) = link.room() {
                break room;
            }
        };
        let mut room = std::pin::pin!(room);
        assert!(futures_util::poll!(room.as_mut()).is_pending());
        let mut seen = vec![0; 1990];
        tokio::io::AsyncReadExt::read_exact(&mut theirs, &mut seen)
            .await
            .unwrap();
        room.await;
        link.close();
        tokio::io::AsyncReadExt::read_to_end(&mut theirs, &mut seen)
            .await
            .unwrap();
        writing.await.unwrap().unwrap();
        let lines = seen.split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(lines as u64, sent);

        // Whoever is gone for good holds nobody up.
        let link = LineLink::new(bounds);
        link.send(Outgoing::new(Message::Response(Response {
            id: Some(Id::number(1)),
            outcome: Ok(Raw::from_json(format!("\"{}\"", "x".repeat(3000)))),
        })))
        .unwrap();
        let room = link.room().expect("crowded");
        link.close();
        room.await;
    }
}
