//! Lines of stdio: however the bytes arrive, they are the same lines.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tokio::io::{AsyncRead, ReadBuf};

use crate::wire::lines::{Line, LineReader};

/// The first byte is the longest line, the rest what a child writes.
pub(super) fn lines(data: &[u8]) {
    let Some((max, stream)) = data.split_first() else {
        return;
    };
    let max = usize::from(*max);
    let expected = expected(stream, max);
    for piece in [1, 2, 3, 7, stream.len() + 1] {
        assert_eq!(read(stream, max, piece), expected, "in pieces of {piece}");
    }
}

/// A line as it is seen: its text, or what is wrong with it.
type Seen = Result<String, &'static str>;

fn read(stream: &[u8], max: usize, piece: usize) -> Vec<Seen> {
    let mut reader = LineReader::new(
        Pieces {
            rest: stream,
            piece,
        },
        max,
    );
    let mut lines = Vec::new();
    loop {
        let next = reader.next().now_or_never();
        match next.expect("bytes are there").expect("no error is there") {
            None => return lines,
            Some(Line::Text(text)) => lines.push(Ok(text.to_string())),
            Some(Line::NotText(_)) => lines.push(Err("not text")),
            Some(Line::TooLong(_) | Line::Endless) => lines.push(Err("too long")),
        }
    }
}

/// The same, the simple way.
fn expected(stream: &[u8], max: usize) -> Vec<Seen> {
    let mut pieces: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    // What has no end is no line; that it is too long shows before its end.
    let unfinished = pieces.pop().unwrap_or_default();
    let line = |line: &[u8]| {
        let text = line
            .iter()
            .rposition(|byte| *byte != b'\r')
            .map_or(0, |at| at + 1);
        if text > max || line.len() > max + 1 {
            return Some(Err("too long"));
        }
        let text = String::from_utf8(line[..text].to_vec()).map_err(|_| "not text");
        (text != Ok(String::new())).then_some(text)
    };
    let cut = (unfinished.len() > max + 1).then_some(Err("too long"));
    pieces.into_iter().filter_map(line).chain(cut).collect()
}

/// Bytes that arrive in pieces.
struct Pieces<'a> {
    rest: &'a [u8],
    piece: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let size = self.piece.min(self.rest.len()).min(buffer.remaining());
        let (now, later) = self.rest.split_at(size);
        buffer.put_slice(now);
        self.rest = later;
        Poll::Ready(Ok(()))
    }
}
