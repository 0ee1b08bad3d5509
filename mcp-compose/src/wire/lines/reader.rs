//! The read half of a connection of lines. What it holds is bounded by the longest line that is allowed, and is let go
//! of when that line has been taken.

use std::io;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::wire::scan::Scan;

/// First size of the read buffer; it grows to the longest line.
const READ_BUFFER: usize = 8 * 1024;
/// A line of more bytes than this does not leave its buffer to the lines that follow.
const KEPT_BUFFER: usize = 256 * 1024;
/// What is kept of both ends of a line that is too long: where its id may stand.
const ENDS: usize = 256;

/// What the read half yields.
#[derive(Debug)]
pub(crate) enum Line {
    /// One line, without its end.
    Text(ByteString),
    /// A line that is not UTF-8.
    NotText(Bytes),
    /// A line longer than allowed; it was skipped to its end.
    TooLong(TooLong),
    /// A line that has no end within the bound for that: what follows is of no use.
    Endless,
}

/// A line that was too long, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct TooLong {
    /// Its length in bytes.
    pub(crate) length: u64,
    start: Vec<u8>,
    end: Vec<u8>,
}

/// Whose a message is that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The answer to this request of ours.
    Answer(u64),
    /// A request or a notification.
    Theirs,
    /// That cannot be told.
    Unknown,
}

impl TooLong {
    fn pass(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = ENDS.saturating_sub(self.start.len()).min(bytes.len());
        self.start.extend_from_slice(&bytes[..room]);
        let last = &bytes[bytes.len().saturating_sub(ENDS)..];
        let kept = (self.end.len() + last.len()).saturating_sub(ENDS);
        self.end.drain(..kept.min(self.end.len()));
        self.end.extend_from_slice(last);
    }

    /// Whose message it is. Members stand in any order: servers put the id before the result or behind it.
    pub(crate) fn whose(&self) -> Whose {
        let start = match std::str::from_utf8(&self.start) {
            Ok(text) => text,
            Err(cut) => std::str::from_utf8(&self.start[..cut.valid_up_to()]).unwrap_or_default(),
        };
        let mut scan = Scan::new(start);
        if scan.open(b'{').is_err() {
            return Whose::Unknown;
        }
        let mut id = None;
        // What is cut off ends the walk with an error.
        while let Ok(Some(key)) = scan.key() {
            match &*key {
                "method" | "params" => return Whose::Theirs,
                "result" | "error" => {
                    return id
                        .or_else(|| self.last_id())
                        .map_or(Whose::Unknown, Whose::Answer);
                }
                _ => {}
            }
            let Ok(value) = scan.value() else { break };
            if key == "id" {
                id = value.parse().ok();
            }
        }
        Whose::Unknown
    }

    /// The number of the member `id`, if that is the last one: then `}` ends the message, what precedes is its last
    /// value, and a comma before the name means that the name is no part of a string.
    fn last_id(&self) -> Option<u64> {
        let text = self.end.trim_ascii_end().strip_suffix(b"}")?;
        let text = text.trim_ascii_end();
        let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit());
        let (rest, number) = text.split_at(text.len() - digits.count());
        let rest = rest.trim_ascii_end().strip_suffix(b":")?;
        let rest = rest.trim_ascii_end().strip_suffix(b"\"id\"")?;
        rest.trim_ascii_end().strip_suffix(b",")?;
        std::str::from_utf8(number).ok()?.parse().ok()
    }
}

/// The read half of a connection of lines.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    reader: R,
    max_line: usize,
    endless: u64,
    buffer: BytesMut,
    /// Bytes of the buffer that are known to hold no newline.
    searched: usize,
    /// A line that is too long, while it is passed over.
    skipping: Option<TooLong>,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads lines of at most `max_line` bytes. Longer ones are passed over, however long they are.
    pub(crate) fn new(reader: R, max_line: usize) -> Self {
        Self {
            reader,
            max_line,
            endless: u64::MAX,
            buffer: BytesMut::with_capacity(READ_BUFFER),
            searched: 0,
            skipping: None,
        }
    }

    /// Takes a line of more bytes than this for one that never ends.
    pub(crate) fn endless_after(mut self, bytes: u64) -> Self {
        self.endless = bytes;
        self
    }

    /// The next line that is not empty; `None` at the end of the stream. What stands after the last line end is dropped.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            while let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let line = self.take(self.searched + at + 1);
                if let Some(mut long) = self.skipping.take() {
                    long.pass(line.trim_ascii_end());
                    return Ok(Some(Line::TooLong(long)));
                }
                // Room for a carriage return, as below.
                if line.len() - 1 > self.max_line.saturating_add(1) {
                    let mut long = TooLong::default();
                    long.pass(line.trim_ascii_end());
                    return Ok(Some(Line::TooLong(long)));
                }
                if let Some(trimmed) = trim(&line) {
                    return Ok(Some(self.line(trimmed)));
                }
            }
            self.searched = self.buffer.len();
            if self.searched > self.max_line.saturating_add(1) || self.skipping.is_some() {
                let long = self.skipping.get_or_insert_default();
                long.pass(&self.buffer);
                if long.length > self.endless {
                    return Ok(Some(Line::Endless));
                }
                let passed = self.take(self.searched);
                drop(passed);
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

    /// Takes this many bytes out of the buffer. A large buffer goes with them.
    fn take(&mut self, bytes: usize) -> Bytes {
        let taken = self.buffer.split_to(bytes).freeze();
        self.searched = 0;
        if bytes > KEPT_BUFFER {
            let mut fresh = BytesMut::with_capacity(self.buffer.len().max(READ_BUFFER));
            fresh.extend_from_slice(&self.buffer);
            self.buffer = fresh;
        }
        taken
    }

    fn line(&self, line: Bytes) -> Line {
        if line.len() > self.max_line {
            let mut long = TooLong::default();
            long.pass(&line);
            return Line::TooLong(long);
        }
        match ByteString::try_from(line.clone()) {
            Ok(text) => Line::Text(text),
            Err(_) => Line::NotText(line),
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

    async fn read(text: &[u8], max: usize) -> Vec<String> {
        let mut reader = LineReader::new(text, max).endless_after(200_000);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await.unwrap() {
            lines.push(match line {
                Line::Text(text) => text.to_string(),
                Line::NotText(bytes) => bytes.escape_ascii().to_string(),
                Line::TooLong(long) => format!("{} bytes of {:?}", long.length, long.whose()),
                Line::Endless => {
                    lines.push("Endless".to_owned());
                    break;
                }
            });
        }
        lines
    }

    #[tokio::test]
    async fn a09_lines_are_split_and_bad_ones_cost_only_themselves() {
        assert_eq!(read(b"a\r\n\n\nbc\n", 10).await, ["a", "bc"]);
        assert_eq!(read(b"\xff\nok\n", 10).await, ["\\xff", "ok"]);
        for max in [10, 49_999] {
            let long = [vec![b'x'; 50_000], b"\r\nok\n".to_vec()].concat();
            assert_eq!(read(&long, max).await, ["50000 bytes of Unknown", "ok"]);
        }
        let long = [vec![b'x'; 50_000], b"\nok\n".to_vec()].concat();
        assert_eq!(read(&long, 50_000).await.len(), 2);
        assert_eq!(
            read(b"0123456789a\nok\n", 10).await,
            ["11 bytes of Unknown", "ok"]
        );
    }

    #[tokio::test]
    async fn a07_what_has_no_line_end_is_dropped_at_the_end() {
        assert_eq!(read(b"ok\n{\"jsonrpc\":\"2.0\",", 100).await, ["ok"]);
    }

    #[tokio::test]
    async fn a12_a_line_that_does_not_end_ends_the_reading() {
        assert_eq!(read(&vec![b'x'; 1 << 20], 10).await, ["Endless"]);
    }

    #[tokio::test]
    async fn a12_a_long_line_leaves_no_large_buffer_behind() {
        let text = [vec![b'x'; 4 << 20], b"\nnext\nlast\n".to_vec()].concat();
        for max in [1 << 20, 8 << 20] {
            let mut reader = LineReader::new(&text[..], max);
            while let Some(line) = reader.next().await.unwrap() {
                drop(line);
                assert!(reader.buffer.capacity() < 2 * KEPT_BUFFER);
            }
        }
    }

    #[tokio::test]
    async fn a13_whose_a_long_message_is_stands_at_one_of_its_ends() {
        let x = "x".repeat(1000);
        for (text, whose) in [
            (
                format!(r#"{{"jsonrpc":"2.0","id":7,"result":"{x}"}}"#),
                Whose::Answer(7),
            ),
            (
                format!(r#"{{ "id" : 7 , "error" : {{"message":"{x}"}} }}"#),
                Whose::Answer(7),
            ),
            (
                format!(r#"{{"result":"{x}","jsonrpc":"2.0","id":7}}"#),
                Whose::Answer(7),
            ),
            (
                format!(r#"{{"result":"{x}","jsonrpc":"2.0", "id" : 7 }} "#),
                Whose::Answer(7),
            ),
            (
                format!(r#"{{"result":"{x}","jsonrpc":"2.0","id":"7"}}"#),
                Whose::Unknown,
            ),
            (
                format!(r#"{{"result":"{x}","id":7,"more":1}}"#),
                Whose::Unknown,
            ),
            (
                format!(r#"{{"result":"{x}{{\"a\":1,\"id\":7}}"}}"#),
                Whose::Unknown,
            ),
            (format!(r#"{{"result":"{x}","x,\"id":7}}"#), Whose::Unknown),
            (
                format!(r#"{{"jsonrpc":"2.0","id":7,"method":"x","params":"{x}"}}"#),
                Whose::Theirs,
            ),
            (
                format!(r#"{{"method":"x","params":"{x}","id":7}}"#),
                Whose::Theirs,
            ),
            (format!(r#"{{"{x}":1,"id":7}}"#), Whose::Unknown),
            (format!(r#"{{"ü{x}ü":1,"id":7}}"#), Whose::Unknown),
            (x.clone(), Whose::Unknown),
        ] {
            let mut long = TooLong::default();
            for piece in text.as_bytes().chunks(100) {
                long.pass(piece);
            }
            assert_eq!(long.whose(), whose, "{}", &text[..40]);
            assert_eq!(long.length, text.len() as u64);
        }
    }
}
