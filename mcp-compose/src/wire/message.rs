//! JSON-RPC messages: a parsed envelope around raw payloads.

use std::fmt;

use bytestring::ByteString;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json::{self, CowStr, Raw};

/// JSON-RPC error codes that this crate gives itself.
pub(crate) mod code {
    pub(crate) const PARSE: i64 = -32700;
    pub(crate) const INVALID_REQUEST: i64 = -32600;
    pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
    pub(crate) const INVALID_PARAMS: i64 = -32602;
    pub(crate) const INTERNAL: i64 = -32603;
    /// Resource not found, up to 2025-11-25.
    pub(crate) const RESOURCE_NOT_FOUND: i64 = -32002;
    /// Header and body disagree (2026-07-28).
    pub(crate) const HEADER_MISMATCH: i64 = -32020;
    /// The client lacks a capability that the request needs (2026-07-28).
    pub(crate) const MISSING_CAPABILITY: i64 = -32021;
    /// The version is not served (2026-07-28).
    pub(crate) const UNSUPPORTED_VERSION: i64 = -32022;
    /// Up to 2025-11-25: a page must be opened before the request can be served.
    pub(crate) const URL_REQUIRED: i64 = -32042;
}

/// A request id exactly as it was written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id(Raw);

impl Id {
    /// One of our own ids.
    pub(crate) fn number(id: u64) -> Self {
        Self(Raw::from_json(id.to_string()))
    }

    /// The raw text of the id.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The number that this id is, if it is one of ours.
    pub(crate) fn as_u64(&self) -> Option<u64> {
        self.as_str().parse().ok()
    }

    /// Takes a raw JSON value; `None` unless it is a string or a number.
    pub(crate) fn from_raw(raw: Raw) -> Option<Self> {
        matches!(
            raw.as_str().as_bytes().first(),
            Some(b'"' | b'-' | b'0'..=b'9')
        )
        .then_some(Self(raw))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The `error` member of a response, whole.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ErrorObject(Raw);

impl ErrorObject {
    /// An error of our own.
    pub(crate) fn new(code: i64, message: &str) -> Self {
        Self::with_data(code, message, None)
    }

    /// An error of our own that carries `data` (raw JSON).
    pub(crate) fn with_data(code: i64, message: &str, data: Option<&str>) -> Self {
        let mut text = format!("{{\"code\":{code},\"message\":");
        json::push_string(&mut text, message);
        if let Some(data) = data {
            text.push_str(",\"data\":");
            text.push_str(data);
        }
        text.push('}');
        Self(Raw::from_json(text))
    }

    /// An error as a peer sent it.
    pub(crate) fn from_raw(raw: Raw) -> Self {
        Self(raw)
    }

    /// The error object's text.
    pub(crate) fn raw(&self) -> &Raw {
        &self.0
    }

    /// The error's code; internal error where the peer gave none.
    pub(crate) fn code(&self) -> i64 {
        #[derive(Deserialize)]
        struct Code {
            code: i64,
        }
        serde_json::from_str::<Code>(self.0.as_str()).map_or(code::INTERNAL, |error| error.code)
    }

    /// The error's message; empty where the peer gave none.
    pub(crate) fn message(&self) -> String {
        #[derive(Deserialize)]
        struct Message {
            message: String,
        }
        serde_json::from_str::<Message>(self.0.as_str())
            .map_or_else(|_| String::new(), |error| error.message)
    }
}

impl fmt::Debug for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorObject({}, {:?})", self.code(), self.message())
    }
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The sender's id.
    pub(crate) id: Id,
    /// The method, decoded.
    pub(crate) method: ByteString,
    /// The params; `None` where the member is absent.
    pub(crate) params: Option<Raw>,
}

impl Request {
    /// The params' text, `{}` where there are none.
    pub(crate) fn params(&self) -> &str {
        self.params.as_ref().map_or("{}", Raw::as_str)
    }
}

/// A notification.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    /// The method, decoded.
    pub(crate) method: ByteString,
    /// The params; `None` where the member is absent.
    pub(crate) params: Option<Raw>,
}

impl Notification {
    /// A notification of our own.
    pub(crate) fn new(method: &'static str, params: Option<Raw>) -> Self {
        Self {
            method: ByteString::from_static(method),
            params,
        }
    }

    /// A notification of whatever name.
    pub(crate) fn named(method: &str, params: Option<Raw>) -> Self {
        Self {
            method: method.into(),
            params,
        }
    }

    /// The params' text, `{}` where there are none.
    pub(crate) fn params(&self) -> &str {
        self.params.as_ref().map_or("{}", Raw::as_str)
    }
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The id of the request that it answers; `None` for the error about a message whose id could not be read.
    pub(crate) id: Option<Id>,
    /// The raw result, or the error object.
    pub(crate) outcome: Result<Raw, ErrorObject>,
}

/// One JSON-RPC message.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// A request.
    Request(Request),
    /// A notification.
    Notification(Notification),
    /// A response.
    Response(Response),
}

/// Why a text is not a message.
#[derive(Clone, Debug)]
pub(crate) struct Malformed {
    /// The id of the request, where it could be read.
    pub(crate) id: Option<Id>,
    /// What the sender is told.
    pub(crate) error: ErrorObject,
}

impl Malformed {
    fn parse(error: &serde_json::Error) -> Self {
        Self {
            id: None,
            error: ErrorObject::new(code::PARSE, &format!("parse error: {error}")),
        }
    }

    fn invalid(id: Option<Id>, why: &str) -> Self {
        Self {
            id,
            error: ErrorObject::new(code::INVALID_REQUEST, &format!("invalid request: {why}")),
        }
    }
}

/// Most messages in one batch: each costs more to answer than to send.
const MAX_BATCH: usize = 1024;

/// What one text (a line, a body, an event) holds.
#[derive(Clone, Debug)]
pub(crate) enum Incoming {
    /// One message.
    One(Message),
    /// A JSON-RPC batch (allowed in 2025-03-26 and 2024-11-05 only).
    Batch(Vec<Result<Message, Malformed>>),
}

impl Incoming {
    /// Parses what a line, a body or an event holds.
    pub(crate) fn parse(text: &ByteString) -> Result<Self, Malformed> {
        if !text.trim_start().starts_with('[') {
            return Message::parse(text).map(Self::One);
        }
        let items = json::array_items(text).map_err(|error| Malformed::parse(&error))?;
        if items.is_empty() {
            return Err(Malformed::invalid(None, "an empty batch"));
        }
        if items.len() > MAX_BATCH {
            let why = format!("a batch has at most {MAX_BATCH} messages");
            return Err(Malformed::invalid(None, &why));
        }
        Ok(Self::Batch(
            items
                .into_iter()
                .map(|item| Message::parse(&text.slice_ref(item)))
                .collect(),
        ))
    }
}

/// The request of ours that text which is no message is meant to answer. What merely has an `id`, as a line of a log
/// may, answers nothing.
pub(crate) fn meant_to_answer(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Answer {
        id: u64,
        method: Option<IgnoredAny>,
        jsonrpc: Option<IgnoredAny>,
        result: Option<IgnoredAny>,
        error: Option<IgnoredAny>,
    }
    let answer: Answer = serde_json::from_str(text).ok()?;
    let meant = answer.jsonrpc.is_some() || answer.result.is_some() || answer.error.is_some();
    (meant && answer.method.is_none()).then_some(answer.id)
}

impl Message {
    /// Parses one message. The envelope is checked; payloads are sliced out of `text`.
    pub(crate) fn parse(text: &ByteString) -> Result<Self, Malformed> {
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
            // JSON all the same: what is wrong stood in a number or an escape that was looked into.
            let is_json = || serde_json::from_str::<IgnoredAny>(text).is_ok();
            if error.is_data() || is_json() {
                Malformed::invalid(None, &error.to_string())
            } else {
                Malformed::parse(&error)
            }
        })?;
        let slice = |part: &str| Raw::slice_of(text, part);
        let id = match envelope.id {
            None => None,
            Some("null") if envelope.method.is_none() => None,
            Some(raw) => match Id::from_raw(slice(raw)) {
                Some(id) => Some(id),
                None => return Err(Malformed::invalid(None, "`id` is a string or a number")),
            },
        };
        if !envelope.version {
            return Err(Malformed::invalid(id, "`jsonrpc` is \"2.0\""));
        }
        if let Some(params) = envelope.params
            && !params.starts_with('{')
            && params != "null"
        {
            return Err(Malformed::invalid(id, "`params` is an object"));
        }
        let params = envelope
            .params
            .filter(|params| *params != "null")
            .map(slice);
        match (envelope.method, id, envelope.result, envelope.error) {
            (Some(method), Some(id), None, None) => Ok(Self::Request(Request {
                id,
                method: own(text, method),
                params,
            })),
            (Some(method), None, None, None) => Ok(Self::Notification(Notification {
                method: own(text, method),
                params,
            })),
            (None, Some(id), Some(result), None) => Ok(Self::Response(Response {
                id: Some(id),
                outcome: Ok(slice(result)),
            })),
            (None, id, None, Some(error)) => Ok(Self::Response(Response {
                id,
                outcome: Err(ErrorObject::from_raw(slice(error))),
            })),
            (_, id, _, _) => Err(Malformed::invalid(
                id,
                "neither a request, a notification nor a response",
            )),
        }
    }

    /// The message as text.
    #[cfg(test)]
    pub(crate) fn to_json(&self) -> String {
        let mut frame = Frame::default();
        self.encode(&mut frame);
        frame.to_text()
    }

    /// The message as up to three pieces, its payload not copied.
    pub(crate) fn encode(&self, frame: &mut Frame) {
        let head = &mut frame.head;
        let copied = self.payload_len();
        head.reserve(ENVELOPE + if copied > COPY_LIMIT { 0 } else { copied });
        head.push_str("{\"jsonrpc\":\"2.0\"");
        let payload = match self {
            Self::Request(Request { id, method, params }) => {
                head.push_str(",\"id\":");
                head.push_str(id.as_str());
                head.push_str(",\"method\":");
                json::push_string(head, method);
                params.as_ref().map(|params| (",\"params\":", params))
            }
            Self::Notification(Notification { method, params }) => {
                head.push_str(",\"method\":");
                json::push_string(head, method);
                params.as_ref().map(|params| (",\"params\":", params))
            }
            Self::Response(Response { id, outcome }) => {
                head.push_str(",\"id\":");
                head.push_str(id.as_ref().map_or("null", Id::as_str));
                Some(match outcome {
                    Ok(result) => (",\"result\":", result),
                    Err(error) => (",\"error\":", error.raw()),
                })
            }
        };
        if let Some((key, payload)) = payload {
            head.push_str(key);
            frame.push_payload(payload);
        }
        frame.tail.push('}');
    }

    fn payload_len(&self) -> usize {
        let payload = match self {
            Self::Request(Request { params, .. })
            | Self::Notification(Notification { params, .. }) => params.as_ref(),
            Self::Response(Response { outcome, .. }) => {
                Some(outcome.as_ref().unwrap_or_else(|error| error.raw()))
            }
        };
        payload.map_or(0, |payload| payload.as_str().len())
    }
}

/// Room for what surrounds a payload, the closing brace of the message included.
const ENVELOPE: usize = 128;
/// Payloads up to this size are copied beside their envelope; larger ones stand on their own.
const COPY_LIMIT: usize = 16 * 1024;

/// An encoded message: text around a payload that may be too large to copy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    /// What precedes the payload, and the payload itself where it is small.
    pub(crate) head: String,
    /// The payload, where it is large.
    pub(crate) payload: Option<Raw>,
    /// What follows the payload.
    pub(crate) tail: String,
}

impl Frame {
    fn push_payload(&mut self, payload: &Raw) {
        if payload.as_str().len() <= COPY_LIMIT {
            self.head.push_str(payload.as_str());
        } else {
            self.payload = Some(payload.clone());
        }
    }

    /// How many bytes the message has.
    pub(crate) fn len(&self) -> usize {
        self.head.len()
            + self
                .payload
                .as_ref()
                .map_or(0, |payload| payload.as_str().len())
            + self.tail.len()
    }

    /// The whole message as one text.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.len());
        text.push_str(&self.head);
        if let Some(payload) = &self.payload {
            text.push_str(payload.as_str());
        }
        text.push_str(&self.tail);
        text
    }
}

/// A decoded string that shares its text with the message where it can.
fn own(text: &ByteString, part: std::borrow::Cow<'_, str>) -> ByteString {
    match part {
        std::borrow::Cow::Borrowed(part) => text.slice_ref(part),
        std::borrow::Cow::Owned(part) => ByteString::from(part),
    }
}

/// The members of a message that this crate reads. Unknown members are passed over; one that
/// stands twice is an error.
#[derive(Default)]
struct Envelope<'a> {
    version: bool,
    id: Option<&'a str>,
    method: Option<std::borrow::Cow<'a, str>>,
    params: Option<&'a str>,
    result: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        let mut version_seen = false;
        while let Some(key) = map.next_key_seed(CowStr)? {
            let slot = match key.as_ref() {
                "jsonrpc" => {
                    if version_seen {
                        return Err(serde::de::Error::duplicate_field("jsonrpc"));
                    }
                    version_seen = true;
                    envelope.version = map.next_value_seed(CowStr)? == "2.0";
                    continue;
                }
                "method" => {
                    if envelope.method.is_some() {
                        return Err(serde::de::Error::duplicate_field("method"));
                    }
                    envelope.method = Some(map.next_value_seed(CowStr)?);
                    continue;
                }
                "id" => &mut envelope.id,
                "params" => &mut envelope.params,
                "result" => &mut envelope.result,
                "error" => &mut envelope.error,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if slot.is_some() {
                return Err(serde::de::Error::custom(format_args!(
                    "member `{key}` stands twice"
                )));
            }
            *slot = Some(map.next_value::<&'de RawValue>()?.get());
        }
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Message, Malformed> {
        Message::parse(&ByteString::from(text))
    }

    #[test]
    fn the_three_kinds_are_told_apart_and_written_back() {
        for text in [
            r#"{"jsonrpc":"2.0","id":"a-1","method":"tools/call","params":{"n":1.10}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/x","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":null}"#,
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"m","x":2}}"#,
        ] {
            assert_eq!(parse(text).unwrap().to_json(), text);
        }
    }

    #[test]
    fn what_is_no_message_says_why_and_keeps_the_id() {
        for (text, code, id) in [
            ("{", code::PARSE, None),
            ("7", code::INVALID_REQUEST, None),
            ("2e413", code::INVALID_REQUEST, None),
            (r#"{"jsonrpc":"\ud800"}"#, code::INVALID_REQUEST, None),
            (
                r#"{"jsonrpc":"1.0","id":3,"method":"x"}"#,
                code::INVALID_REQUEST,
                Some("3"),
            ),
            (
                r#"{"jsonrpc":"2.0","id":3,"method":"x","params":[1]}"#,
                code::INVALID_REQUEST,
                Some("3"),
            ),
            (
                r#"{"jsonrpc":"2.0","id":{},"method":"x"}"#,
                code::INVALID_REQUEST,
                None,
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#,
                code::INVALID_REQUEST,
                None,
            ),
            (
                r#"{"jsonrpc":"2.0","id":3}"#,
                code::INVALID_REQUEST,
                Some("3"),
            ),
            (
                r#"{"jsonrpc":"2.0","id":3,"id":4,"method":"x"}"#,
                code::INVALID_REQUEST,
                None,
            ),
        ] {
            let malformed = parse(text).unwrap_err();
            assert_eq!(malformed.error.code(), code, "{text}: {malformed:?}");
            assert_eq!(malformed.id.as_ref().map(Id::as_str), id, "{text}");
        }
    }
}
