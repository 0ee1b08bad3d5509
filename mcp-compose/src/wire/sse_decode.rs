//! Server-sent events, decoded as their bytes arrive.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

/// The longest id of an event that is kept, in bytes.
const MAX_ID: usize = 4096;

/// Reads one event stream. Chunks may be cut anywhere; data that lies in one chunk is not copied.
#[derive(Debug)]
pub(crate) struct SseDecoder {
    max_event: usize,
    /// The start of a line whose end has not arrived.
    partial: BytesMut,
    /// The line before ended with a carriage return: a newline that follows belongs to it.
    after_return: bool,
    /// No line has been read yet: a byte order mark may stand here.
    at_start: bool,
    /// The event so far.
    data: Data,
    size: usize,
    relevant: bool,
    skipping: bool,
    id: Option<Box<str>>,
    last_id: Option<Box<str>>,
    retry: Option<Duration>,
}

/// What a stream yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SseEvent {
    /// The data of one event.
    Data(ByteString),
    /// An event larger than allowed; it is passed over.
    TooLong,
}

#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Bytes),
    Many(BytesMut),
}

impl SseDecoder {
    /// A decoder whose events have at most `max_event` bytes.
    pub(crate) fn new(max_event: usize) -> Self {
        Self {
            max_event,
            partial: BytesMut::new(),
            after_return: false,
            at_start: true,
            data: Data::None,
            size: 0,
            relevant: true,
            skipping: false,
            id: None,
            last_id: None,
            retry: None,
        }
    }

    /// Takes the next bytes and hands on the events that they complete. Events without data and
    /// events of a type other than `message` yield nothing.
    pub(crate) fn feed(&mut self, mut chunk: Bytes, mut each: impl FnMut(SseEvent)) {
        while !chunk.is_empty() {
            if std::mem::take(&mut self.after_return) && chunk[0] == b'\n' {
                let _ = chunk.split_to(1);
                continue;
            }
            match memchr::memchr2(b'\n', b'\r', &chunk) {
                Some(end) => {
                    let mut line = chunk.split_to(end);
                    self.after_return = chunk.split_to(1)[0] == b'\r';
                    if !self.grow(line.len(), &mut each) && !line.is_empty() {
                        line = Bytes::from_static(b":");
                    }
                    if !self.partial.is_empty() {
                        self.partial.extend_from_slice(&line);
                        line = self.partial.split().freeze();
                    }
                    if let Some(event) = self.line(line) {
                        each(event);
                    }
                }
                None => {
                    if self.grow(chunk.len(), &mut each) {
                        self.partial.extend_from_slice(&chunk);
                    } else if self.partial.is_empty() {
                        // While skipping, one byte says that the line is not empty.
                        self.partial.extend_from_slice(b":");
                    }
                    return;
                }
            }
        }
    }

    /// The id of the last complete event that had one: where to resume.
    pub(crate) fn last_event_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// How long the server wants us to wait before we connect again.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Counts bytes of the current event; `false` once they are too many and are not kept.
    fn grow(&mut self, bytes: usize, each: &mut impl FnMut(SseEvent)) -> bool {
        if !self.skipping {
            self.size += bytes;
            if self.size > self.max_event {
                self.skipping = true;
                self.data = Data::None;
                // An id that stands before the data counts: the event is passed over for good.
                if !self.partial.is_empty() {
                    self.partial.clear();
                    self.partial.extend_from_slice(b":");
                }
                each(SseEvent::TooLong);
            }
        }
        !self.skipping
    }

    fn line(&mut self, mut line: Bytes) -> Option<SseEvent> {
        if std::mem::take(&mut self.at_start) && line.starts_with(b"\xef\xbb\xbf") {
            let _ = line.split_to(3);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        if self.skipping {
            return None;
        }
        let (field, value) = match memchr::memchr(b':', &line) {
            // A comment does not count towards the event that it stands in.
            Some(0) => {
                self.size = self.size.saturating_sub(line.len());
                return None;
            }
            Some(colon) => {
                let space = line.get(colon + 1) == Some(&b' ');
                (
                    line.slice(..colon),
                    line.slice(colon + 1 + usize::from(space)..),
                )
            }
            None => (line, Bytes::new()),
        };
        match &field[..] {
            b"data" => self.data.push(value),
            b"event" => self.relevant = value.is_empty() || value == "message",
            b"id" if !value.contains(&0) => {
                // One that no header could carry is no position to resume from.
                let id = if value.len() > MAX_ID {
                    b""
                } else {
                    &value[..]
                };
                self.id = Some(String::from_utf8_lossy(id).into());
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(&value).ok()?.parse();
                self.retry = Some(Duration::from_millis(millis.unwrap_or(u64::MAX)));
            }
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        self.size = 0;
        self.skipping = false;
        if let Some(id) = self.id.take() {
            // An empty id takes the position back.
            self.last_id = (!id.is_empty()).then_some(id);
        }
        let data = std::mem::take(&mut self.data).join()?;
        if !std::mem::replace(&mut self.relevant, true) || data.is_empty() {
            return None;
        }
        let text = ByteString::try_from(data.clone())
            .unwrap_or_else(|_| String::from_utf8_lossy(&data).into_owned().into());
        Some(SseEvent::Data(text))
    }
}

impl Data {
    fn push(&mut self, value: Bytes) {
        match self {
            Self::None => *self = Self::One(value),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity(first.len() + 1 + value.len());
                all.extend_from_slice(first);
                *self = Self::Many(all);
                self.push(value);
            }
            Self::Many(all) => {
                all.extend_from_slice(b"\n");
                all.extend_from_slice(&value);
            }
        }
    }

    fn join(self) -> Option<Bytes> {
        match self {
            Self::None => None,
            Self::One(value) => Some(value),
            Self::Many(all) => Some(all.freeze()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a decoder made of a stream: its events, the last id, and the wait.
    type Seen = (Vec<SseEvent>, Option<String>, Option<Duration>);

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>, max: usize) -> Seen {
        let mut decoder = SseDecoder::new(max);
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.feed(Bytes::copy_from_slice(chunk), |event| events.push(event));
        }
        let id = decoder.last_event_id().map(str::to_owned);
        (events, id, decoder.retry())
    }

    fn data(text: &str) -> SseEvent {
        SseEvent::Data(ByteString::from(text))
    }

    const STREAMS: [&[u8]; 5] = [
        "\u{feff}id: 1\ndata:\n\n: ping\nevent: message\nid: 2\ndata: {\"é\":\"世界🦀\"}\n\n".as_bytes(),
        b"retry: 50\r\ndata: a\r\ndata: b\r\n\r\ndata:c\r\rdata\n\nid: 7\r\n\r\ndata: d\n\n",
        b"event: endpoint\ndata: /old\n\ndata:  two spaces\nid: x\n\nid\n\nretry: 1x\n\n:\n\ndata: e\n\n",
        b"id: a\ndata: first\n\nid: b\ndata: cut off",
        b"id: a\ndata: 0123456789012345678901234567890123456789\ndata: 1\n\ndata: ok\nid: b\n\n:012345678901234567890123456789\n:0123456789\ndata: ok\n\n",
    ];

    #[test]
    fn events_are_read_as_the_standard_says() {
        let read = |at: usize| decode([STREAMS[at]], 50);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(read(0), (vec![data("{\"é\":\"世界🦀\"}")], text("2"), None));
        let wait = Some(Duration::from_millis(50));
        let events = vec![data("a\nb"), data("c"), data("d")];
        assert_eq!(read(1), (events, text("7"), wait));
        assert_eq!(read(2), (vec![data(" two spaces"), data("e")], None, None));
        // An event that never ended is no event, and moves no cursor.
        assert_eq!(read(3), (vec![data("first")], text("a"), None));
        let events = vec![SseEvent::TooLong, data("ok"), data("ok")];
        assert_eq!(decode([STREAMS[4]], 40), (events, text("b"), None));
    }

    #[test]
    fn b10_every_way_to_cut_a_stream_reads_the_same() {
        for stream in STREAMS {
            for max in [40, 1000] {
                let whole = decode([stream], max);
                for cut in 0..=stream.len() {
                    let (a, b) = stream.split_at(cut);
                    assert_eq!(decode([a, b], max), whole, "cut at {cut}");
                }
                assert_eq!(decode(stream.chunks(1), max), whole);
                let mut state = 0x9e37_79b9_u32;
                for _ in 0..500 {
                    let mut rest = stream;
                    let mut chunks = Vec::new();
                    while !rest.is_empty() {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let (chunk, tail) = rest.split_at(rest.len().min((state >> 29) as usize));
                        chunks.push(chunk);
                        rest = tail;
                    }
                    assert_eq!(decode(chunks, max), whole);
                }
            }
        }
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let mut decoder = SseDecoder::new(1000);
        let mut events = Vec::new();
        for _ in 0..1000 {
            decoder.feed(Bytes::from_static(&[b'x'; 100]), |event| events.push(event));
        }
        assert_eq!(events, [SseEvent::TooLong]);
        assert!(decoder.partial.capacity() < 4096);
        decoder.feed(Bytes::from_static(b"\n\ndata: ok\n\n"), |event| {
            events.push(event)
        });
        assert_eq!(events[1..], [data("ok")]);
    }

    #[test]
    fn data_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from_static(b"data: {}\n\n");
        let mut decoder = SseDecoder::new(100);
        let mut start = None;
        decoder.feed(chunk.clone(), |event| {
            if let SseEvent::Data(text) = event {
                start = Some(text.as_bytes().as_ptr());
            }
        });
        assert_eq!(start, Some(chunk[6..].as_ptr()));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let (events, ..) = decode([&b"data: \xff\xfe!\n\n"[..]], 100);
        assert_eq!(events, [data("\u{fffd}\u{fffd}!")]);
    }
}
