//! What the transport itself reads of a request's params, in one pass over them.

use std::borrow::Cow;

use crate::wire::json::decode_string;
use crate::wire::message::Incoming;
use crate::wire::scan::Invalid;
use crate::wire::version::{LEGACY, META_CLIENT_CAPABILITIES, META_VERSION};
use crate::wire::{Message, Object};

/// What headers repeat of a request's params, and what its `_meta` says of the protocol.
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
    pub(super) fn of(method: &str, params: &'a str) -> Result<Self, Invalid> {
        let params = Object::parse(params)?;
        let meta = match params.get_borrowed("_meta") {
            Some(meta) => Object::parse(meta)?,
            None => Object::default(),
        };
        let named_by = match method {
            "tools/call" | "prompts/get" => "name",
            "resources/read" => "uri",
            "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
            _ => "",
        };
        let version = string(&meta, META_VERSION)?;
        let capabilities = meta.get(META_CLIENT_CAPABILITIES);
        let can = capabilities.is_some_and(|capabilities| capabilities.starts_with('{'));
        Ok(Self {
            complete: can && version.is_some(),
            version,
            name: string(&params, named_by)?,
            arguments: params
                .get_borrowed("arguments")
                .filter(|_| method == "tools/call"),
        })
    }
}

/// A member that is a string where it is there.
fn string<'a>(object: &Object<'a>, key: &str) -> Result<Option<Cow<'a, str>>, Invalid> {
    match object.get_borrowed(key) {
        None => Ok(None),
        Some(raw) => match decode_string(raw) {
            Some(text) => Ok(Some(text)),
            None => Err(Invalid::because(format!("`{key}` is not a string"))),
        },
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
