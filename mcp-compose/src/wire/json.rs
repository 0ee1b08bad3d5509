//! JSON text that is carried, not understood: raw values, objects edited by key, and the bounds.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// Most values (scalars, arrays, objects) in one message from a client.
pub(crate) const MAX_NODES: usize = 250_000;

/// Valid JSON text, cheap to clone and to slice out of the message that it arrived in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Raw(ByteString);

impl Raw {
    /// Takes text that is known to be one JSON value.
    pub(crate) fn from_json(text: impl Into<ByteString>) -> Self {
        let text = text.into();
        debug_assert!(
            serde_json::from_str::<IgnoredAny>(&text).is_ok(),
            "not JSON: {text}"
        );
        Self(text)
    }

    /// Takes a constant that is known to be one JSON value.
    pub(crate) const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// Serialises a value whose type cannot fail to serialise.
    pub(crate) fn of<T: serde::Serialize + ?Sized>(value: &T) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self(text.into()),
            Err(error) => unreachable!("plain data serialises: {error}"),
        }
    }

    /// The part of `parent` that `part` borrows from; no copy.
    pub(crate) fn slice_of(parent: &ByteString, part: &str) -> Self {
        Self(parent.slice_ref(part))
    }

    /// The part of this text that `part` borrows from; no copy.
    pub(crate) fn slice(&self, part: &str) -> Self {
        Self(self.0.slice_ref(part))
    }

    /// The JSON text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The JSON text as shared bytes.
    pub(crate) fn bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads may hold secrets: only the size is shown.
        write!(f, "Raw({} bytes)", self.0.len())
    }
}

/// A JSON object taken apart one level deep, edited by key, and written again with every other
/// member untouched and in its place.
#[derive(Debug, Default, Clone)]
pub(crate) struct Object<'a> {
    entries: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Object<'a> {
    /// Takes JSON text apart. A member that stands twice is an error, as is anything but an object.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Invalid> {
        let mut scan = Scan::new(text);
        let mut entries: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(8);
        let mut keys = KeySet::default();
        scan.open(b'{')?;
        while let Some(key) = scan.key()? {
            if !keys.insert(key.clone()) {
                return Err(Invalid::twice(&key));
            }
            let value = scan.value()?;
            entries.push((key, Cow::Borrowed(value)));
        }
        scan.end()?;
        Ok(Self { entries })
    }

    /// The raw text of a member.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_ref())
    }

    /// The text of a member, borrowed from the parsed text where it still stands there.
    pub(crate) fn get_borrowed(&self, key: &str) -> Option<&'a str> {
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .and_then(|(_, value)| match value {
                Cow::Borrowed(text) => Some(*text),
                Cow::Owned(_) => None,
            })
    }

    /// A member that is a string, decoded.
    pub(crate) fn string(&self, key: &str) -> Option<Cow<'_, str>> {
        decode_string(self.get(key)?)
    }

    /// Sets a member in its place, or adds it at the end.
    pub(crate) fn set(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        let key = key.into();
        let value = value.into();
        match self.entries.iter_mut().find(|(name, _)| *name == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Removes a member and returns its text.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Cow<'a, str>> {
        let at = self.entries.iter().position(|(name, _)| name == key)?;
        Some(self.entries.remove(at).1)
    }

    /// Keeps the members whose name passes.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.entries.retain(|(name, _)| keep(name));
    }

    /// Whether no member is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The members in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Writes the object.
    pub(crate) fn write(&self, out: &mut String) {
        out.push('{');
        for (at, (name, value)) in self.entries.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            push_string(out, name);
            out.push(':');
            out.push_str(value);
        }
        out.push('}');
    }

    /// The object as text.
    pub(crate) fn to_json(&self) -> String {
        let size = self
            .entries
            .iter()
            .map(|(k, v)| k.len() + v.len() + 6)
            .sum::<usize>();
        let mut out = String::with_capacity(size + 2);
        self.write(&mut out);
        out
    }

    /// The object as raw JSON.
    pub(crate) fn to_raw(&self) -> Raw {
        Raw(self.to_json().into())
    }
}

/// A string that borrows where the text has no escapes.
pub(crate) struct CowStr;

impl<'de> DeserializeSeed<'de> for CowStr {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for CowStr {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The items of a JSON array as raw texts.
pub(crate) fn array_items(text: &str) -> Result<Vec<&str>, serde_json::Error> {
    let items: Vec<&RawValue> = serde_json::from_str(text)?;
    Ok(items.into_iter().map(RawValue::get).collect())
}

/// A raw JSON string, decoded; `None` for any other value.
pub(crate) fn decode_string(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.starts_with('"') {
        return None;
    }
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    CowStr.deserialize(&mut deserializer).ok()
}

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// `text` as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

/// Refuses what a message from outside may not be: nested deeper than 128 levels, of more than
/// `max_nodes` values, or with a member that stands twice in one object (two parsers would read
/// two different requests out of it).
pub(crate) fn check(text: &str, max_nodes: usize) -> Result<(), Invalid> {
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
        if open.len() > MAX_DEPTH {
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

    fn twice(key: &str) -> Self {
        let shown: String = key.chars().take(64).collect();
        Self(format!("member `{shown}` stands twice"))
    }

    fn syntax() -> Self {
        Self("it is not a JSON object".to_owned())
    }
}

/// Walks over JSON text that a parser has found to be valid (every [`Raw`] was), and finds where
/// its parts begin and end. On other text it stops with an error.
struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Self {
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

    fn open(&mut self, byte: u8) -> Result<(), Invalid> {
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

    fn end(&mut self) -> Result<(), Invalid> {
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(Invalid::syntax())
        }
    }

    /// The next member's name, or `None` at the end of the object.
    fn key(&mut self) -> Result<Option<Cow<'t, str>>, Invalid> {
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
    fn value(&mut self) -> Result<&'t str, Invalid> {
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
struct KeySet<'de> {
    few: SmallVec<[Cow<'de, str>; FEW]>,
    many: HashSet<Cow<'de, str>>,
}

/// Objects of up to this many members are looked through, larger ones are hashed.
const FEW: usize = 8;

impl<'de> KeySet<'de> {
    fn insert(&mut self, key: Cow<'de, str>) -> bool {
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

    #[test]
    fn an_edit_leaves_every_other_member_as_it_stood() {
        let text = r#"{ "z": 1.10, "name":"a\u0062", "big":123456789012345678901234567890 }"#;
        let mut object = Object::parse(text).unwrap();
        assert_eq!(object.string("name").unwrap(), "ab");
        object.set("name", quote("x\ny"));
        assert_eq!(
            object.to_json(),
            r#"{"z":1.10,"name":"x\ny","big":123456789012345678901234567890}"#
        );
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_at_every_depth() {
        assert!(Object::parse(r#"{"a":1,"\u0061":2}"#).is_err());
        assert!(check(r#"{"x":[{"a":1,"a":2}]}"#, MAX_NODES).is_err());
        assert!(check(r#"{"x":[{"a":1},{"a":2}]}"#, MAX_NODES).is_ok());
        let many: String = (0..40).map(|n| format!("\"k{n}\":0,")).collect();
        assert!(check(&format!("{{{many}\"k39\":1}}"), MAX_NODES).is_err());
    }

    #[test]
    fn members_are_those_that_a_parser_finds() {
        for text in [
            r#"{}"#,
            r#" { "a" : [ 1 , { "b" : "]}" } ] , "c\"d" : -1.5e+3 , "e" : null } "#,
            r#"{"s":"\\","t":"\u00e9{","u":{"v":[[],{}]},"w":true}"#,
        ] {
            let parsed: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).unwrap();
            let object = Object::parse(text).unwrap();
            let members: serde_json::Map<_, _> = object
                .iter()
                .map(|(key, value)| (key.to_owned(), serde_json::from_str(value).unwrap()))
                .collect();
            assert_eq!(members, parsed, "{text}");
            assert!(check(text, MAX_NODES).is_ok(), "{text}");
        }
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
