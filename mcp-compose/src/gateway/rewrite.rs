//! What is changed in payloads on their way: URIs, `_meta`, and the members that only one era has.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use super::uris;
use crate::child::handshake::stamp_modern;
use crate::child::supervisor::Child;
use crate::compose::Namespace;
use crate::observe::trace::Carrier;
use crate::wire::message::{ErrorObject, code};
use crate::wire::version::{
    Era, META_CLIENT_CAPABILITIES, META_HOPS, META_LOG_LEVEL, META_SERVER_INFO,
};
use crate::wire::{Object, Raw, json};

/// `_meta` keys of the protocol itself; they are made anew on each hop.
const PROTOCOL_PREFIX: &str = "io.modelcontextprotocol/";

/// The `_meta` of a request to a child: the client's, less what is the protocol's own, plus what
/// the child's era asks for, plus the client's capabilities where the child shall know them, the hops where it counts them,
/// and its place in a trace that is recorded here. One that is not passes as the client gave it.
pub(crate) fn request_meta(
    client: &Object<'_>,
    progress_token: Option<u64>,
    era: Era,
    log_level: Option<&str>,
    capabilities: Option<&str>,
    hops: Option<u64>,
    trace: Option<&Carrier>,
) -> Option<String> {
    let mut meta = client.clone();
    meta.remove("progressToken");
    meta.remove(META_HOPS);
    meta.retain(|key| !key.starts_with(PROTOCOL_PREFIX));
    if let Some(token) = progress_token {
        meta.set("progressToken", token.to_string());
    }
    if era == Era::Modern {
        stamp_modern(&mut meta, "{}");
        if let Some(level) = log_level {
            meta.set(META_LOG_LEVEL, json::quote(level));
        }
    }
    if let Some(capabilities) = capabilities {
        meta.set(META_CLIENT_CAPABILITIES, capabilities);
    }
    if let Some(hops) = hops {
        meta.set(META_HOPS, hops.to_string());
    }
    if let Some(trace) = trace {
        trace.write(&mut meta);
    }
    (!meta.is_empty()).then(|| meta.to_json())
}

/// How the members of a result that hold URIs are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultOf {
    /// `content` blocks.
    ToolCall,
    /// `messages`, each with a block.
    Prompt,
    /// `contents`.
    Read,
    /// Nothing that is rewritten.
    Other,
}

/// Makes the URIs of a child's result the exposed ones. `asked` is the original URI that was read
/// and the spelling that the client asked for: it gets its own spelling back.
pub(crate) fn expose_result(
    namespace: Option<&Namespace>,
    result: Raw,
    of: ResultOf,
    asked: Option<(&str, &str)>,
) -> Raw {
    let rewrites = Rewrites { namespace, asked };
    if of == ResultOf::Other
        || (rewrites.namespace.is_none() && rewrites.asked.is_none_or(|(a, b)| a == b))
    {
        return result;
    }
    // Most results hold no URI, and finding that out costs a fraction of taking them apart. (A
    // quote inside a JSON string is escaped: this finds members only.)
    if URI.find(result.as_str().as_bytes()).is_none() {
        return result;
    }
    let Ok(mut object) = Object::parse(result.as_str()) else {
        return result;
    };
    let meta = object.get_borrowed("_meta");
    let meta = meta.and_then(|meta| expose_ui(namespace, meta));
    let member = match of {
        ResultOf::ToolCall => "content",
        ResultOf::Prompt => "messages",
        ResultOf::Read => "contents",
        ResultOf::Other => return result,
    };
    let items = object.get_borrowed(member).and_then(|items| match of {
        ResultOf::ToolCall => array(items, |block| rewrites.block(block)),
        ResultOf::Prompt => array(items, |message| rewrites.message(message)),
        _ => array(items, |contents| rewrites.uri(contents)),
    });
    if items.is_none() && meta.is_none() {
        return result;
    }
    if let Some(items) = items {
        object.set(member, items);
    }
    if let Some(meta) = meta {
        object.set("_meta", meta);
    }
    object.to_raw()
}

/// Where `_meta` says which user interface belongs to a tool, or to a result of it: an older key, and
/// the one of today. Servers give both.
const UI_KEY: &str = "ui/resourceUri";
const UI_OBJECT: (&str, &str) = ("ui", "resourceUri");

/// What a result with a URI in it has.
static URI: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("ri\""));
/// What a result of up to 2025-11-25 mostly has not.
static META: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"_meta\""));
static RESULT_TYPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"resultType\""));

/// Rewrites the place of a user interface in a `_meta`; `None`: there is none.
pub(super) fn expose_ui(namespace: Option<&Namespace>, meta: &str) -> Option<String> {
    let namespace = Some(namespace?);
    let mut object = Object::parse(meta).ok()?;
    let mut changed = false;
    if let Some(uri) = object.string(UI_KEY).map(Cow::into_owned) {
        object.set(UI_KEY, json::quote(&uris::expose(namespace, &uri)));
        changed = true;
    }
    let (ui, key) = UI_OBJECT;
    if let Some(mut inner) = object
        .get_borrowed(ui)
        .and_then(|ui| Object::parse(ui).ok())
        && let Some(uri) = inner.string(key).map(Cow::into_owned)
    {
        inner.set(key, json::quote(&uris::expose(namespace, &uri)));
        object.set(ui, inner.to_json());
        changed = true;
    }
    changed.then(|| object.to_json())
}

/// The user interfaces that a listed tool names.
pub(super) fn ui_of(tool: &Object<'_>) -> Vec<String> {
    let Some(Ok(meta)) = tool.get("_meta").map(Object::parse) else {
        return Vec::new();
    };
    let (ui, key) = UI_OBJECT;
    let inner = meta.get(ui).and_then(|ui| Object::parse(ui).ok());
    let inner = inner.as_ref().and_then(|ui| ui.string(key));
    let both = [meta.string(UI_KEY), inner].into_iter().flatten();
    both.map(Cow::into_owned).collect()
}

/// An array of which some items are replaced.
fn array(text: &str, each: impl Fn(&str) -> Option<String>) -> Option<String> {
    let items = json::array_items(text).ok()?;
    let mut out = String::with_capacity(text.len() + 64);
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match each(item) {
            Some(changed) => out.push_str(&changed),
            None => out.push_str(item),
        }
    }
    out.push(']');
    Some(out)
}

struct Rewrites<'a> {
    namespace: Option<&'a Namespace>,
    asked: Option<(&'a str, &'a str)>,
}

impl Rewrites<'_> {
    /// A content block: a `resource_link`, or a `resource` embedded in it.
    fn block(&self, text: &str) -> Option<String> {
        let mut object = Object::parse(text).ok()?;
        match object.string("type")?.as_ref() {
            "resource_link" => self.uri(text),
            "resource" => {
                let resource = self.uri(object.get("resource")?)?;
                object.set("resource", resource);
                Some(object.to_json())
            }
            _ => None,
        }
    }

    fn message(&self, text: &str) -> Option<String> {
        let mut object = Object::parse(text).ok()?;
        let content = object.get("content")?;
        let content = if content.starts_with('[') {
            array(content, |block| self.block(block))?
        } else {
            self.block(content)?
        };
        object.set("content", content);
        Some(object.to_json())
    }

    /// An object with a member `uri`.
    fn uri(&self, text: &str) -> Option<String> {
        let mut object = Object::parse(text).ok()?;
        let uri = object.string("uri")?.into_owned();
        let exposed = match self.asked {
            Some((original, asked)) if original == uri => asked.to_owned(),
            _ => uris::expose(self.namespace, &uri),
        };
        object.set("uri", json::quote(&exposed));
        Some(object.to_json())
    }
}

/// Makes a child's result one of the client's era.
pub(crate) fn to_era(
    result: Raw,
    child: Era,
    client: Era,
    server_info: &Raw,
    cacheable: bool,
) -> Raw {
    match (child, client) {
        (Era::Legacy, Era::Legacy) => result,
        (Era::Modern, Era::Legacy) => {
            let Ok(mut object) = Object::parse(result.as_str()) else {
                return result;
            };
            for member in ["resultType", "ttlMs", "cacheScope"] {
                object.remove(member);
            }
            set_server_info(&mut object, None);
            object.to_raw()
        }
        (Era::Legacy, Era::Modern) => {
            let text = result.as_str();
            let plain = [&META, &RESULT_TYPE]
                .iter()
                .all(|member| member.find(text.as_bytes()).is_none());
            let hints = if cacheable {
                ",\"ttlMs\":0,\"cacheScope\":\"private\""
            } else {
                ""
            };
            if plain && let Some(rest) = text.strip_prefix('{') {
                // Nothing to merge with: the members are put in front, the rest is copied once.
                let comma = if rest.trim_start().starts_with('}') {
                    ""
                } else {
                    ","
                };
                let info = server_info.as_str();
                return Raw::from_json(format!(
                    "{{\"resultType\":\"complete\"{hints},\"_meta\":{{\"{META_SERVER_INFO}\":{info}}}{comma}{rest}"
                ));
            }
            let Ok(mut object) = Object::parse(text) else {
                return result;
            };
            object.set("resultType", "\"complete\"");
            if cacheable {
                object.set("ttlMs", "0");
                object.set("cacheScope", "\"private\"");
            }
            set_server_info(&mut object, Some(server_info));
            object.to_raw()
        }
        (Era::Modern, Era::Modern) => {
            let Ok(mut object) = Object::parse(result.as_str()) else {
                return result;
            };
            set_server_info(&mut object, Some(server_info));
            if object.get("resultType").is_none() {
                object.set("resultType", "\"complete\"");
            }
            if cacheable && object.get("ttlMs").is_none() {
                object.set("ttlMs", "0");
            }
            if cacheable && object.get("cacheScope").is_none() {
                object.set("cacheScope", "\"private\"");
            }
            object.to_raw()
        }
    }
}

fn set_server_info(object: &mut Object<'_>, server_info: Option<&Raw>) {
    let text = object.get("_meta").map(str::to_owned);
    let mut meta = text
        .as_deref()
        .and_then(|meta| Object::parse(meta).ok())
        .unwrap_or_default();
    let had = meta.remove(META_SERVER_INFO).is_some();
    match server_info {
        Some(info) => meta.set(META_SERVER_INFO, Cow::Owned(info.as_str().to_owned())),
        None if had && meta.is_empty() => {
            object.remove("_meta");
            return;
        }
        None if !had => return,
        None => {}
    }
    object.set("_meta", meta.to_json());
}

/// Makes a child's error one that the client of this era may get. Code, message and data stay,
/// but for what speaks of the hop between us and the child.
pub(crate) fn expose_error(
    child: &Child,
    namespace: Option<&Namespace>,
    error: ErrorObject,
    client: Era,
) -> ErrorObject {
    let error = well_formed(child, error);
    let given = error.code();
    let replaced = match given {
        // Of the hop: a client that read these would change its own dialect.
        code::HEADER_MISMATCH | code::UNSUPPORTED_VERSION => Some(code::INTERNAL),
        code::RESOURCE_NOT_FOUND if client == Era::Modern => Some(code::INVALID_PARAMS),
        _ => None,
    };
    if let Some(ours) = name_child(child, &error) {
        return ours;
    }
    let has_uri = namespace.is_some() && error.raw().as_str().contains("\"uri\"");
    if replaced.is_none() && !has_uri {
        return error;
    }
    let Ok(mut object) = Object::parse(error.raw().as_str()) else {
        return error;
    };
    if let Some(code) = replaced {
        object.set("code", code.to_string());
    }
    if let Some(data) = object.get_borrowed("data") {
        let rewrites = Rewrites {
            namespace,
            asked: None,
        };
        if let Some(data) = rewrites.uri(data) {
            object.set("data", data);
        }
    }
    ErrorObject::from_raw(object.to_raw())
}

/// An error with a number and a text. Clients drop a message with any other, and wait on.
fn well_formed(child: &Child, error: ErrorObject) -> ErrorObject {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only the shape is checked")]
    struct Shape {
        code: i64,
        message: String,
    }
    let text = error.raw().as_str();
    if serde_json::from_str::<Shape>(text).is_ok() {
        return error;
    }
    let message = format!(
        "child \"{}\" answered with an error that is none of JSON-RPC; it is in `data`",
        child.label
    );
    ErrorObject::with_data(error.code(), &message, Some(text))
}

/// An error that our own connection to the child made, which does not know the child's name.
fn name_child(child: &Child, error: &ErrorObject) -> Option<ErrorObject> {
    let text = error.raw().as_str();
    if !text.contains("\"mcpCompose\"") {
        return None;
    }
    let mut object = Object::parse(text).ok()?;
    let mut data = Object::parse(object.get_borrowed("data")?).ok()?;
    let mut ours = Object::parse(data.get_borrowed("mcpCompose")?).ok()?;
    if ours.get("child").is_some() {
        // Another composition's, further down.
        return None;
    }
    ours.set("child", json::quote(&child.label));
    data.set("mcpCompose", ours.to_json());
    object.set("data", data.to_json());
    let message = format!("child \"{}\": {}", child.label, error.message());
    object.set("message", json::quote(&message));
    Some(ErrorObject::from_raw(object.to_raw()))
}
