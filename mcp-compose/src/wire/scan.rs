//! A walk over JSON text that a parser has found to be valid: its bounds, and where its parts are.

use std::borrow::Cow;
use std::collections::HashSet;

use smallvec::SmallVec;

/// Most values (scalars, arrays, objects) in one message from a client.
pub(crate) const MAX_NODES: usize = 250_000;

/// Refuses what a message from outside may not be: nested deeper than 128 levels, of more than
/// `max_nodes` values, or with a member that stands twice in one object (two parsers would read
/// two different requests out of it).
pub(crate) fn check(text: &str, max_nodes: usize) -> Result<(), Invalid> {
    check_within(text, max_nodes, MAX_DEPTH)
}

/// As [`check`], where less nesting is allowed.
pub(crate) fn check_within(text: &str, max_nodes: usize, max_depth: usize) -> Result<(), Invalid> {
    let mut scan = Scan::new(text);
    // One set of keys for each object that is open; `None` for an array.
    let mut open: SmallVec<[Option<KeySet<'_>>; 8]> = SmallVec::new();
    let mut nodes = 0;
    loop {
        // A value begins.
        nodes += 1;
        if nodes > max_nodes {
            return Err(Invalid("too many values in one message".to_owned()));
        }
        match scan.peek() {
            Some(b'{') => open.push(Some(KeySet::default())),
            Some(b'[') => open.push(None),
            _ => {
                scan.scalar()?;
            }
        }
        if open.len() > max_depth {
            return Err(Invalid("it is nested too deeply".to_owned()));
        }
        if matches!(scan.peek(), Some(b'{' | b'[')) {
            scan.at += 1;
            if scan.close() {
                open.pop();
            } else {
                name(&mut scan, &mut open)?;
                continue;
            }
        }
        // A value has ended, and with it perhaps what holds it.
        loop {
            if open.is_empty() {
                return scan.end();
            }
            if scan.comma() {
                name(&mut scan, &mut open)?;
                break;
            }
            if !scan.close() {
                return Err(Invalid::syntax());
            }
            open.pop();
        }
    }
}

/// In an object: the name of the member whose value comes next.
fn name<'t>(scan: &mut Scan<'t>, open: &mut [Option<KeySet<'t>>]) -> Result<(), Invalid> {
    if let Some(Some(keys)) = open.last_mut() {
        let key = scan.name()?;
        if !keys.insert(key.clone()) {
            return Err(Invalid::twice(&key));
        }
    }
    Ok(())
}

/// Deepest nesting that is accepted from outside; it is serde_json's own limit, too.
const MAX_DEPTH: usize = 128;

/// Why JSON text is refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Invalid(String);

impl Invalid {
    /// Text that is refused for a reason of the reader's.
    pub(crate) fn because(why: String) -> Self {
        Self(why)
    }

    pub(super) fn twice(key: &str) -> Self {
        let shown: String = key.chars().take(64).collect();
        Self(format!("member `{shown}` stands twice"))
    }

    fn syntax() -> Self {
        Self("it is not a JSON object".to_owned())
    }
}

/// Walks over JSON text that a parser has found to be valid (every [`Raw`](super::Raw) was), and finds where
/// its parts begin and end. On other text it stops with an error.
pub(super) struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn open(&mut self, byte: u8) -> Result<(), Invalid> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(Invalid::syntax())
        }
    }

    fn close(&mut self) -> bool {
        self.take(b'}') || self.take(b']')
    }

    fn comma(&mut self) -> bool {
        self.take(b',')
    }

    pub(super) fn end(&mut self) -> Result<(), Invalid> {
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(Invalid::syntax())
        }
    }

    /// The next member's name, or `None` at the end of the object.
    pub(super) fn key(&mut self) -> Result<Option<Cow<'t, str>>, Invalid> {
        if self.take(b'}') {
            return Ok(None);
        }
        self.take(b',');
        self.name().map(Some)
    }

    /// A name and its colon.
    fn name(&mut self) -> Result<Cow<'t, str>, Invalid> {
        if self.peek() != Some(b'"') {
            return Err(Invalid::syntax());
        }
        let start = self.at;
        let escaped = self.string()?;
        let quoted = self.text.get(start..self.at).ok_or_else(Invalid::syntax)?;
        if !self.take(b':') {
            return Err(Invalid::syntax());
        }
        if escaped {
            return serde_json::from_str(quoted)
                .map(Cow::Owned)
                .map_err(|_| Invalid::syntax());
        }
        Ok(Cow::Borrowed(&quoted[1..quoted.len() - 1]))
    }

    /// Passes over a string; whether it has escapes.
    fn string(&mut self) -> Result<bool, Invalid> {
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        self.at += 1;
        loop {
            let rest = bytes.get(self.at..).ok_or_else(Invalid::syntax)?;
            let found = memchr::memchr2(b'"', b'\\', rest).ok_or_else(Invalid::syntax)?;
            self.at += found + 1;
            if rest[found] == b'"' {
                return Ok(escaped);
            }
            escaped = true;
            self.at += 1;
        }
    }

    /// Passes over a string, a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<(), Invalid> {
        if self.peek() == Some(b'"') {
            return self.string().map(|_| ());
        }
        let start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.') =
            bytes.get(self.at)
        {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(Invalid::syntax())
        }
    }

    /// The text of the next value, whatever it is.
    pub(super) fn value(&mut self) -> Result<&'t str, Invalid> {
        let first = self.peek();
        let start = self.at;
        if !matches!(first, Some(b'{' | b'[')) {
            self.scalar()?;
            return self.text.get(start..self.at).ok_or_else(Invalid::syntax);
        }
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return self.text.get(start..self.at).ok_or_else(Invalid::syntax);
            }
        }
        Err(Invalid::syntax())
    }
}

/// The keys of one object: a short list first, hashed when it grows.
#[derive(Default)]
pub(super) struct KeySet<'de> {
    few: SmallVec<[Cow<'de, str>; FEW]>,
    many: HashSet<Cow<'de, str>>,
}

/// Objects of up to this many members are looked through, larger ones are hashed.
const FEW: usize = 8;

impl<'de> KeySet<'de> {
    pub(super) fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.few.contains(&key) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Object;

    #[test]
    fn a_member_that_stands_twice_is_refused_at_every_depth() {
        assert!(Object::parse(r#"{"a":1,"\u0061":2}"#).is_err());
        assert!(check(r#"{"x":[{"a":1,"a":2}]}"#, MAX_NODES).is_err());
        assert!(check(r#"{"x":[{"a":1},{"a":2}]}"#, MAX_NODES).is_ok());
        let many: String = (0..40).map(|n| format!("\"k{n}\":0,")).collect();
        assert!(check(&format!("{{{many}\"k39\":1}}"), MAX_NODES).is_err());
    }

    #[test]
    fn other_text_is_refused_and_harms_nothing() {
        for text in [
            "",
            "{",
            "[]",
            "7",
            r#"{"a"}"#,
            r#"{"a":"#,
            r#"{"a":1"#,
            r#"{"a":"x"#,
            r#"{"a\"#,
            "{\"a\":[}",
            "{} {}",
        ] {
            assert!(Object::parse(text).is_err(), "{text}");
        }
        for text in [
            "", "{", "[", "[1", "{\"a\"", "\"a", "{\"a\":}", "[,]", "1 2",
        ] {
            assert!(check(text, MAX_NODES).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = "[".repeat(129) + &"]".repeat(129);
        assert!(check(&deep, MAX_NODES).is_err());
        assert!(check("[1,1,1,1]", 4).is_err());
        assert!(check("[1,1,1,1]", 5).is_ok());
    }
}
