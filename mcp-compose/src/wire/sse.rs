//! Server-sent events, written: messages as events, without copying large payloads.

use std::collections::VecDeque;
use std::fmt::Write;

use bytes::Bytes;

use super::message::Frame;

/// What keeps an idle stream open: a comment that every client ignores.
const COMMENT: &str = ":\n\n";

/// Where an event stands: the stream that it belongs to, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventId {
    /// The stream, unique within its session.
    pub(crate) stream: u64,
    /// The place in the stream, from 1; 0 is the event that opens it.
    pub(crate) place: u64,
}

impl EventId {
    /// Reads an id as [`Chunks::event`] writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (stream, place) = text.split_once('-')?;
        Some(Self {
            stream: stream.parse().ok()?,
            place: place.parse().ok()?,
        })
    }
}

/// Bytes of a stream that wait for the connection: small events joined, large payloads shared.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    ready: VecDeque<Bytes>,
    text: String,
}

impl Chunks {
    /// Adds a message as an event.
    pub(crate) fn event(&mut self, id: Option<EventId>, frame: &Frame) {
        if let Some(id) = id {
            self.id(id);
        }
        self.text.push_str("data: ");
        push_line(&mut self.text, &frame.head);
        if let Some(payload) = &frame.payload {
            if is_one_line(payload.as_str()) {
                self.flush();
                self.ready.push_back(payload.bytes().clone());
            } else {
                push_line(&mut self.text, payload.as_str());
            }
        }
        push_line(&mut self.text, &frame.tail);
        self.text.push_str("\n\n");
    }

    /// Adds the event that gives a client its first id to resume from, and how long to wait
    /// before it does.
    pub(crate) fn priming(&mut self, stream: u64, retry_ms: u64) {
        self.id(EventId { stream, place: 0 });
        let _ = write!(self.text, "retry: {retry_ms}\ndata:\n\n");
    }

    /// Adds a comment that keeps the connection open.
    pub(crate) fn comment(&mut self) {
        self.text.push_str(COMMENT);
    }

    /// The next bytes to send.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        self.ready.pop_front().or_else(|| {
            (!self.text.is_empty()).then(|| Bytes::from(std::mem::take(&mut self.text)))
        })
    }

    /// How many bytes of text wait to be sent.
    pub(crate) fn is_large(&self) -> bool {
        self.text.len() >= 16 * 1024 || !self.ready.is_empty()
    }

    fn id(&mut self, EventId { stream, place }: EventId) {
        let _ = writeln!(self.text, "id: {stream}-{place}");
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.ready.push_back(Bytes::from(text));
        }
    }
}

fn is_one_line(text: &str) -> bool {
    memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_none()
}

/// Appends JSON as part of one line. A line end in JSON can only be white space between tokens.
fn push_line(out: &mut String, json: &str) {
    if is_one_line(json) {
        out.push_str(json);
    } else {
        out.extend(json.chars().map(|c| match c {
            '\n' | '\r' => ' ',
            c => c,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Id, Message, Raw, Response};

    fn frame(result: Raw) -> Frame {
        let mut frame = Frame::default();
        Message::Response(Response {
            id: Some(Id::number(1)),
            outcome: Ok(result),
        })
        .encode(&mut frame);
        frame
    }

    fn text(mut chunks: Chunks) -> String {
        let mut all = Vec::new();
        while let Some(bytes) = chunks.pop() {
            all.extend_from_slice(&bytes);
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn an_event_is_one_line_of_data_whatever_the_payload_looks_like() {
        for size in [0, 100_000] {
            let blanks = " ".repeat(size);
            let json = format!("{{\r\n\"a\":\n1,{blanks}\"b\":2}}");
            let mut chunks = Chunks::default();
            let id = EventId {
                stream: 3,
                place: 7,
            };
            chunks.event(Some(id), &frame(Raw::from_json(json)));
            let written = text(chunks);
            let expected = format!(
                "id: 3-7\ndata: {{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{  \"a\": 1,{blanks}\"b\":2}}}}\n\n"
            );
            assert_eq!(written, expected);
            assert_eq!(EventId::parse("3-7"), Some(id));
        }
    }

    #[test]
    fn a_large_payload_is_shared_and_small_events_are_joined() {
        let large = Raw::from_json(format!("\"{}\"", "x".repeat(100_000)));
        let mut chunks = Chunks::default();
        chunks.event(None, &frame(Raw::from_static("1")));
        chunks.event(None, &frame(large.clone()));
        chunks.comment();
        let first = chunks.pop().unwrap();
        assert!(first.starts_with(b"data: ") && first.ends_with(b"\"result\":"));
        let second = chunks.pop().unwrap();
        assert_eq!(second.as_ptr(), large.bytes().as_ptr());
        assert_eq!(chunks.pop().unwrap(), "}\n\n:\n\n");
        assert!(chunks.pop().is_none());
    }

    #[test]
    fn what_is_no_id_of_ours_is_not_read_as_one() {
        for text in [
            "",
            "3",
            "3-",
            "-3",
            "a-1",
            "1-2-3",
            "18446744073709551616-1",
        ] {
            assert_eq!(EventId::parse(text), None, "{text}");
        }
    }
}
