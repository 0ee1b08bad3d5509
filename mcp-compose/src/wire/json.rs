//! JSON text that is carried, not understood: raw values, objects edited by key, and the bounds.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
    /// Takes `text` apart. A member that stands twice is an error, as is anything but an object.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let object = deserializer.deserialize_map(ObjectVisitor)?;
        deserializer.end()?;
        Ok(object)
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

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries: Vec<(Cow<'de, str>, Cow<'de, str>)> = Vec::with_capacity(8);
        let mut seen = KeySet::default();
        while let Some(key) = map.next_key_seed(CowStr)? {
            if !seen.insert(&key) {
                return Err(serde::de::Error::custom(format_args!(
                    "member `{key}` stands twice"
                )));
            }
            let value: &'de RawValue = map.next_value()?;
            entries.push((key, Cow::Borrowed(value.get())));
        }
        Ok(Object { entries })
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

/// Refuses what a message from outside may not be: nested deeper than 128 levels (serde_json's
/// own limit), of more than
/// `max_nodes` values, or with a member that stands twice in one object (two parsers would read
/// two different requests out of it).
pub(crate) fn check(text: &str, max_nodes: usize) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut left = max_nodes;
    Check { left: &mut left }.deserialize(&mut deserializer)?;
    deserializer.end()
}

struct Check<'n> {
    left: &'n mut usize,
}

impl<'de> DeserializeSeed<'de> for Check<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if *self.left == 0 {
            return Err(serde::de::Error::custom("too many values in one message"));
        }
        *self.left -= 1;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Check { left: self.left })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = KeySet::default();
        while let Some(key) = map.next_key_seed(CowStr)? {
            if !seen.insert(&key) {
                return Err(serde::de::Error::custom(format_args!(
                    "member `{key}` stands twice"
                )));
            }
            map.next_value_seed(Check { left: self.left })?;
        }
        Ok(())
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
    fn insert(&mut self, key: &Cow<'de, str>) -> bool {
        if self.few.contains(key) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(key.clone());
            return true;
        }
        self.many.insert(key.clone())
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
    fn depth_and_size_are_bounded() {
        let deep = "[".repeat(129) + &"]".repeat(129);
        assert!(check(&deep, MAX_NODES).is_err());
        assert!(check("[1,1,1,1]", 4).is_err());
        assert!(check("[1,1,1,1]", 5).is_ok());
    }
}
