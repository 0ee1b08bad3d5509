//! An HTTP answer, read incrementally: head, then a body by length or in chunks.

use anyhow::{Result, bail};
use memchr::memmem;

/// How far into a body, from either end, an error is looked for: payloads may contain anything.
const ERROR_WINDOW: usize = 400;

/// What is known once the head has been read.
#[derive(Debug)]
struct Head {
    length: usize,
    body: BodyKind,
}

#[derive(Debug)]
enum BodyKind {
    Length(usize),
    Chunked { decoded_to: usize },
}

/// One answer, filled by repeated [`Response::advance`] calls.
#[derive(Debug, Default)]
pub(super) struct Response {
    /// What was read from the socket.
    pub(super) input: Vec<u8>,
    pub(super) status: u16,
    pub(super) events: bool,
    pub(super) session: Option<String>,
    head: Option<Head>,
    chunks: Vec<u8>,
}

impl Response {
    /// Forgets the last answer, keeps its buffers.
    pub(super) fn clear(&mut self) {
        self.input.clear();
        self.chunks.clear();
        self.head = None;
    }

    /// Looks at what arrived; true once the answer is whole.
    pub(super) fn advance(&mut self) -> Result<bool> {
        if self.head.is_none() {
            self.read_head()?;
        }
        let Some(head) = &mut self.head else {
            return Ok(false);
        };
        match &mut head.body {
            BodyKind::Length(length) => {
                let whole = head.length + *length;
                if self.input.len() > whole {
                    bail!("the server sent more than one answer");
                }
                Ok(self.input.len() == whole)
            }
            BodyKind::Chunked { decoded_to } => {
                decode_chunks(&self.input, decoded_to, &mut self.chunks)
            }
        }
    }

    /// The body of a whole answer.
    pub(super) fn body(&self) -> &[u8] {
        match &self.head {
            Some(Head {
                length,
                body: BodyKind::Length(_),
            }) => &self.input[*length..],
            Some(_) => &self.chunks,
            None => &[],
        }
    }

    /// The JSON-RPC messages of a whole answer, in order.
    pub(super) fn messages(&self) -> Vec<&[u8]> {
        let body = self.body();
        if !self.events {
            return vec![body];
        }
        body.split(|byte| *byte == b'\n')
            .filter_map(|line| line.strip_prefix(b"data:"))
            .map(<[u8]>::trim_ascii)
            .filter(|data| !data.is_empty())
            .collect()
    }

    fn read_head(&mut self) -> Result<()> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = parsed.parse(&self.input)? else {
            return Ok(());
        };
        self.status = parsed.code.unwrap_or(0);
        self.events = false;
        let mut body = BodyKind::Length(0);
        for header in parsed.headers.iter() {
            let value = header.value;
            if header.name.eq_ignore_ascii_case("content-length") {
                body = BodyKind::Length(std::str::from_utf8(value)?.trim().parse()?);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                body = BodyKind::Chunked { decoded_to: length };
            } else if header.name.eq_ignore_ascii_case("content-type") {
                self.events = value.starts_with(b"text/event-stream");
            } else if header.name.eq_ignore_ascii_case("mcp-session-id") {
                self.session = Some(String::from_utf8_lossy(value).into_owned());
            }
        }
        self.head = Some(Head { length, body });
        Ok(())
    }
}

/// Appends the whole chunks from `at` on to `out`; true once the last one is there.
fn decode_chunks(input: &[u8], at: &mut usize, out: &mut Vec<u8>) -> Result<bool> {
    loop {
        let rest = &input[*at..];
        let Ok(parsed) = httparse::parse_chunk_size(rest) else {
            bail!("a chunk size that is no number");
        };
        let httparse::Status::Complete((start, size)) = parsed else {
            return Ok(false);
        };
        let size = usize::try_from(size)?;
        let end = start + size + 2;
        if rest.len() < end {
            return Ok(false);
        }
        out.extend_from_slice(&rest[start..start + size]);
        *at += end;
        if size == 0 {
            return Ok(true);
        }
    }
}

/// Whether an answer reports a JSON-RPC error or a tool error, without parsing its payload.
pub(crate) fn looks_failed(body: &[u8]) -> bool {
    let (start, end) = (
        &body[..body.len().min(ERROR_WINDOW)],
        &body[body.len().saturating_sub(ERROR_WINDOW)..],
    );
    [start, end].iter().any(|window| {
        memmem::find(window, b"\"error\":").is_some()
            || memmem::find(window, b"\"isError\":true").is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_by_length_is_whole_only_with_its_last_byte() {
        let mut response = Response::default();
        response.input.extend_from_slice(
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nMcp-Session-Id: s1\r\n\r\nabc",
        );
        assert!(!response.advance().expect("valid so far"));
        response.input.push(b'd');
        assert!(response.advance().expect("valid"));
        assert_eq!(response.body(), b"abcd");
        assert_eq!(response.session.as_deref(), Some("s1"));
    }

    #[test]
    fn events_come_out_of_chunks_wherever_these_are_cut() {
        let whole: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
            8\r\ndata: {}\r\n2\r\n\n\n\r\n9\r\ndata: []\n\r\n0\r\n\r\n";
        let mut response = Response::default();
        for (index, byte) in whole.iter().enumerate() {
            response.input.push(*byte);
            let done = response.advance().expect("valid");
            assert_eq!(done, index + 1 == whole.len(), "after byte {index}");
        }
        assert_eq!(response.messages(), [b"{}", b"[]"]);
    }

    #[test]
    fn errors_are_seen_and_payload_is_not() {
        assert!(looks_failed(br#"{"jsonrpc":"2.0","id":1,"error":{}}"#));
        assert!(looks_failed(br#"{"result":{"content":[],"isError":true}}"#));
        assert!(!looks_failed(
            br#"{"result":{"content":[{"type":"text","text":"\"error\": none"}]}}"#
        ));
    }
}
