//! What the transport itself reads of a request's params, in one pass over them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::wire::Message;
use crate::wire::json::CowStr;
use crate::wire::message::Incoming;
use crate::wire::version::{LEGACY, META_CLIENT_CAPABILITIES, META_VERSION};

/// What headers repeat of a request's params, and what its `_meta` says of the protocol.
///
/// Members that stand twice are not looked for: the gateway refuses them.
#[derive(Debug, Default)]
pub(super) struct Peek<'a> {
    /// `_meta`'s protocol version.
    pub(super) version: Option<Cow<'a, str>>,
    /// Whether `_meta` has all that it must have.
    pub(super) complete: bool,
    /// What `Mcp-Name` repeats.
    pub(super) name: Option<Cow<'a, str>>,
    /// The arguments of a tool call.
    pub(super) arguments: Option<&'a str>,
}

impl<'a> Peek<'a> {
    /// Looks into the params of `method`.
    pub(super) fn of(method: &str, params: &'a str) -> Result<Self, serde_json::Error> {
        let mut peek = Self::default();
        let params_of = Params {
            named_by: match method {
                "tools/call" | "prompts/get" => "name",
                "resources/read" => "uri",
                "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
                _ => "",
            },
            called: method == "tools/call",
            peek: &mut peek,
        };
        params_of.deserialize(&mut serde_json::Deserializer::from_str(params))?;
        Ok(peek)
    }
}

/// Whether a body is a request that says its version in `_meta`. An `initialize` that repeats there
/// the older version it asks for is no such request.
pub(super) fn says_version(incoming: &Incoming) -> bool {
    let Incoming::One(Message::Request(request)) = incoming else {
        return false;
    };
    match Peek::of(&request.method, request.params()) {
        Ok(peek) => peek.version.is_some_and(|version| {
            &*request.method != "initialize" || !LEGACY.contains(&&*version)
        }),
        Err(_) => false,
    }
}

struct Params<'p, 'a> {
    named_by: &'static str,
    called: bool,
    peek: &'p mut Peek<'a>,
}

impl<'de> DeserializeSeed<'de> for Params<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Params<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(CowStr)? {
            match &*key {
                "_meta" => map.next_value_seed(Meta(self.peek))?,
                "arguments" if self.called => {
                    self.peek.arguments = Some(map.next_value::<&RawValue>()?.get());
                }
                key if key == self.named_by => {
                    self.peek.name = Some(map.next_value_seed(CowStr)?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Meta<'p, 'a>(&'p mut Peek<'a>);

impl<'de> DeserializeSeed<'de> for Meta<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Meta<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`_meta` to be an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut capabilities = false;
        while let Some(key) = map.next_key_seed(CowStr)? {
            match &*key {
                META_VERSION => self.0.version = Some(map.next_value_seed(CowStr)?),
                META_CLIENT_CAPABILITIES => {
                    capabilities = map.next_value::<&RawValue>()?.get().starts_with('{');
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.0.complete = capabilities && self.0.version.is_some();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_transport_needs_is_read() {
        let params = r#"{"x":[{"name":"no"}],"name":"a\u0062","arguments":{"name":1},"_meta":{
            "io.modelcontextprotocol/protocolVersion":"v","io.modelcontextprotocol/clientCapabilities":{}}}"#;
        let peek = Peek::of("tools/call", params).unwrap();
        assert_eq!(peek.version.as_deref(), Some("v"));
        assert!(peek.complete);
        assert_eq!(peek.name.as_deref(), Some("ab"));
        assert_eq!(peek.arguments, Some(r#"{"name":1}"#));
        let peek = Peek::of("tools/list", params).unwrap();
        assert_eq!((peek.name, peek.arguments), (None, None));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for params in [
            r#"{"name":7}"#,
            r#"{"_meta":7}"#,
            r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":7}}"#,
        ] {
            assert!(Peek::of("tools/call", params).is_err(), "{params}");
        }
        assert!(!Peek::of("x", r#"{"_meta":{}}"#).unwrap().complete);
    }
}
