//! Server-sent events: however the bytes arrive they are the same events, and what is written is read.

use std::time::Duration;

use bytes::Bytes;

use crate::wire::message::Frame;
use crate::wire::sse::{Chunks, EventId};
use crate::wire::sse_decode::{SseDecoder, SseEvent};
use crate::wire::{Id, Message, Raw, Response, json};

/// The first byte is the largest event, the rest what a server writes.
pub(super) fn sse(data: &[u8]) {
    let Some((max, stream)) = data.split_first() else {
        return;
    };
    let whole = read(stream, usize::from(*max), stream.len() + 1);
    for event in &whole.events {
        if let SseEvent::Data(text) = event {
            // A byte that is no UTF-8 becomes three that are.
            assert!(text.len() <= 3 * usize::from(*max), "{text:?}");
            assert!(!text.is_empty());
        }
    }
    for piece in [1, 2, 3, 7] {
        let cut = read(stream, usize::from(*max), piece);
        assert_eq!(cut, whole, "in pieces of {piece}");
    }
    let text = String::from_utf8_lossy(stream);
    if let Some(id) = EventId::parse(&text) {
        let written = format!("{}-{}", id.stream, id.place);
        assert_eq!(EventId::parse(&written), Some(id));
    }
    written(&text, usize::from(*max));
}

#[derive(Debug, PartialEq)]
struct Read {
    events: Vec<SseEvent>,
    last: Option<String>,
    retry: Option<Duration>,
}

fn read(stream: &[u8], max: usize, piece: usize) -> Read {
    let mut decoder = SseDecoder::new(max);
    let mut events = Vec::new();
    for chunk in stream.chunks(piece) {
        decoder.feed(Bytes::copy_from_slice(chunk), |event| events.push(event));
    }
    Read {
        events,
        last: decoder.last_event_id().map(str::to_owned),
        retry: decoder.retry(),
    }
}

/// An event is read as the message that it was written from, whatever is in that.
fn written(text: &str, size: usize) {
    let payload = format!("[\r\n{}\n,{}0]", json::quote(text), " ".repeat(size * 128));
    let mut frame = Frame::default();
    let response = Response {
        id: Some(Id::number(1)),
        outcome: Ok(Raw::from_json(payload)),
    };
    Message::Response(response).encode(&mut frame);
    let mut chunks = Chunks::default();
    let id = EventId {
        stream: 3,
        place: size as u64,
    };
    chunks.event(Some(id), &frame);
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.pop() {
        bytes.extend_from_slice(&chunk);
    }
    let read = read(&bytes, usize::MAX, bytes.len());
    let one_line = frame.to_text().replace(['\r', '\n'], " ");
    assert_eq!(read.events, [SseEvent::Data(one_line.into())]);
    assert_eq!(read.last.as_deref().and_then(EventId::parse), Some(id));
}
