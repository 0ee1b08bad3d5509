//! HTTP responses: JSON answers, refusals, and the head of an event stream.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::auth::Denied;
use super::body::{Body, Events};
use crate::serve::health::Health;
use crate::serve::refusal;
use crate::wire::message::{Frame, Malformed, code};
use crate::wire::{self, ErrorObject, Id, Message};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const NO: HeaderValue = HeaderValue::from_static("no");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
/// Seconds after which a client that was turned away may try again.
const RETRY_SOON: HeaderValue = HeaderValue::from_static("2");

/// A request that is not served: its status, and a JSON-RPC error that says why.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) id: Option<Id>,
    pub(super) error: ErrorObject,
}

impl Refusal {
    /// An invalid request, as JSON-RPC calls it.
    pub(super) fn new(status: StatusCode, why: &str) -> Self {
        Self {
            status,
            id: None,
            error: ErrorObject::new(code::INVALID_REQUEST, why),
        }
    }

    /// The same about the request `id`.
    pub(super) fn about(self, id: &Id) -> Self {
        Self {
            id: Some(id.clone()),
            ..self
        }
    }

    /// A body that is no message.
    pub(super) fn malformed(malformed: Malformed) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            id: malformed.id,
            error: malformed.error,
        }
    }

    /// The server cannot take more now, of anybody.
    pub(super) fn busy(why: &str) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            id: None,
            error: refusal::overloaded(why),
        }
    }

    /// The server cannot take more of this client now.
    pub(super) fn too_many(why: &str) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            ..Self::busy(why)
        }
    }

    /// The server ends.
    pub(super) fn draining() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            id: None,
            error: refusal::draining(),
        }
    }

    /// Whoever asks shows no token that is taken.
    pub(super) fn denied(why: Denied) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            match why {
                Denied::Missing => "this server asks for a token: `Authorization: Bearer TOKEN`",
                Denied::Wrong => "this token is not taken here",
            },
        )
    }
}

impl From<Refusal> for Response<Body> {
    fn from(refusal: Refusal) -> Self {
        let mut text = String::from("{\"jsonrpc\":\"2.0\"");
        // Absent where unknown: MCP's schema has no `null` id.
        if let Some(id) = &refusal.id {
            text.push_str(",\"id\":");
            text.push_str(id.as_str());
        }
        text.push_str(",\"error\":");
        text.push_str(refusal.error.raw().as_str());
        text.push('}');
        let mut response = Response::new(Body::from(Bytes::from(text)));
        *response.status_mut() = refusal.status;
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        match refusal.status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                response.headers_mut().insert(RETRY_AFTER, RETRY_SOON);
            }
            StatusCode::UNAUTHORIZED => {
                response.headers_mut().insert(WWW_AUTHENTICATE, BEARER);
            }
            _ => {}
        }
        response
    }
}

/// One JSON-RPC response as the whole answer.
pub(super) fn json(status: StatusCode, response: wire::Response) -> Response<Body> {
    let mut frame = Frame::default();
    Message::Response(response).encode(&mut frame);
    let mut response = Response::new(Body::from(frame));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// An event stream.
pub(super) fn events(events: Events) -> Response<Body> {
    let mut response = Response::new(Body::from(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    headers.insert(CACHE_CONTROL, NO_CACHE);
    headers.insert(X_ACCEL_BUFFERING, NO);
    response
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    response
}

/// What a probe is told: nothing but whether all is well.
pub(super) fn health(health: Health) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from_static(health.word.as_bytes())));
    *response.status_mut() = health.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Nothing more comes on this connection.
pub(super) fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CONNECTION, CLOSE);
    response
}

/// The method has no meaning here.
pub(super) fn not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}
