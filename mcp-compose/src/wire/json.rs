//! JSON text that is carried, not understood.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, Visitor};
use serde_json::value::RawValue;

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
