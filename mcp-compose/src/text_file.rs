//! Files that people name: read whole, within a bound.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Longest text of settings, compositions, tokens and arguments, in bytes.
const MAX: u64 = 64 * 1024 * 1024;

/// The text of a file. One that does not end, or is no text, is refused.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    text(File::open(path)?)
}

/// The same of whatever else can be read.
pub(crate) fn text(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let read = from.take(MAX + 1).read_to_string(&mut text)? as u64;
    if read > MAX {
        let why = format!("it has more than {} MiB", MAX >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, why));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_is_refused() {
        let endless = text(io::repeat(b'x')).expect_err("it is too long");
        assert_eq!(endless.to_string(), "it has more than 64 MiB");
        assert_eq!(text(&b"{}"[..]).expect("text"), "{}");
        assert!(text(&[0xff_u8][..]).is_err());
    }
}
