//! JSON objects that are edited by key and keep every member that nobody here knows.

use std::borrow::Cow;

use super::json::{Raw, decode_string, push_string};
use super::scan::{Invalid, KeySet, Scan};

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
        Raw::from_json(self.to_json())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::quote;
    use crate::wire::scan::{MAX_NODES, check};

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
}
