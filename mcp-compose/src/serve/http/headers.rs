//! The headers of a POST: what the client accepts, and what of its body they repeat.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use http::{HeaderName, HeaderValue, StatusCode};

use super::peek::Peek;
use super::reply::Refusal;
use crate::wire::message::code;
use crate::wire::param_headers::decode_value;
use crate::wire::version::MODERN;
use crate::wire::{ErrorObject, Request};

pub(super) const MCP_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");

/// Which forms of an answer the client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) events: bool,
}

impl Accepts {
    /// Reads `Accept`. A client that sends none, or `*/*`, takes both.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        // What the official clients send, told without taking it apart.
        if matches!(
            headers.get(ACCEPT).map(HeaderValue::as_bytes),
            Some(b"application/json, text/event-stream" | b"text/event-stream, application/json")
        ) {
            return Self {
                json: true,
                events: true,
            };
        }
        let mut accepts = Self {
            json: false,
            events: false,
        };
        let mut values = headers.get_all(ACCEPT).iter().peekable();
        if values.peek().is_none() {
            return Self {
                json: true,
                events: true,
            };
        }
        for range in values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
        {
            match range.split(';').next().unwrap_or_default().trim() {
                "*/*" => (accepts.json, accepts.events) = (true, true),
                range => {
                    accepts.json |= matches_type(range, "application", "application/json");
                    accepts.events |= matches_type(range, "text", "text/event-stream");
                }
            }
        }
        accepts
    }
}

fn matches_type(range: &str, kind: &str, whole: &str) -> bool {
    range.eq_ignore_ascii_case(whole)
        || range
            .strip_suffix("/*")
            .is_some_and(|range| range.eq_ignore_ascii_case(kind))
}

/// A POST carries JSON and takes an answer that we can give.
pub(super) fn check_types(headers: &HeaderMap) -> Result<Accepts, Refusal> {
    let is_json = |value: &HeaderValue| {
        value == "application/json"
            || value
                .to_str()
                .ok()
                .and_then(|value| value.split(';').next())
                .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
    };
    if !headers.get(CONTENT_TYPE).is_some_and(is_json) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "`Content-Type` is `application/json`",
        ));
    }
    let accepts = Accepts::of(headers);
    if !accepts.json && !accepts.events {
        return Err(Refusal::new(
            StatusCode::NOT_ACCEPTABLE,
            "`Accept` lists `application/json` and `text/event-stream`",
        ));
    }
    Ok(accepts)
}

/// A header as text; `None` where it is absent or not visible ASCII.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The standard headers of a 2026-07-28 request repeat its body.
pub(super) fn check_standard(
    headers: &HeaderMap,
    request: &Request,
    peek: &Peek<'_>,
) -> Result<(), Refusal> {
    let version = headers.get(MCP_PROTOCOL_VERSION);
    if let Some(in_body) = &peek.version {
        expect("MCP-Protocol-Version", version, Some(in_body), request)?;
        if in_body != MODERN {
            // Other headers may be another version's: that it is not served is said elsewhere.
            return Ok(());
        }
    }
    let method = headers.get(MCP_METHOD);
    expect("Mcp-Method", method, Some(&request.method), request)?;
    let Some(name) = &peek.name else {
        return Ok(());
    };
    let header = headers.get(MCP_NAME);
    if header.is_some_and(|header| header.as_bytes() == name.as_bytes())
        && !name.starts_with("=?base64?")
    {
        return Ok(());
    }
    let decoded = match header {
        None => None,
        Some(header) => Some(decode_value(header).ok_or_else(|| {
            mismatch(
                "`Mcp-Name` has invalid characters or invalid Base64",
                request,
            )
        })?),
    };
    if decoded.as_deref() == Some(&**name) {
        return Ok(());
    }
    Err(mismatch(
        match decoded {
            None => "`Mcp-Name` is missing",
            Some(_) => "`Mcp-Name` differs from the body",
        },
        request,
    ))
}

fn expect(
    name: &str,
    header: Option<&HeaderValue>,
    in_body: Option<&str>,
    request: &Request,
) -> Result<(), Refusal> {
    match header {
        Some(header) if in_body.is_some_and(|text| text.as_bytes() == header.as_bytes()) => Ok(()),
        Some(_) => Err(mismatch(
            &format!("`{name}` differs from the body"),
            request,
        )),
        None => Err(mismatch(&format!("`{name}` is missing"), request)),
    }
}

/// Header and body disagree.
pub(super) fn mismatch(why: &str, request: &Request) -> Refusal {
    Refusal {
        status: StatusCode::BAD_REQUEST,
        id: Some(request.id.clone()),
        error: ErrorObject::new(code::HEADER_MISMATCH, &format!("header mismatch: {why}")),
    }
}
