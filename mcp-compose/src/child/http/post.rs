//! One POST, and what comes back on it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use http::{HeaderName, HeaderValue, StatusCode, header};
use reqwest::Response;

use super::failure;
use super::listen::{Events, StreamEnd};
use super::request::{Answer, SESSION};
use super::shared::{InFlight, LINGER, NOTIFY_TIMEOUT, Shared};
use crate::child::CallerInfo;
use crate::wire::message::{Incoming, code};
use crate::wire::peer::{Failure, lock};
use crate::wire::{ErrorObject, Id, Message, Request, Response as Reply};

/// Largest body of an answer that reports a failure.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// Why a call ends without the answer that it was sent for.
pub(super) enum Stop {
    Failed(Failure),
    /// The server has forgotten the session, and has not looked at the call.
    Refused,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Sends a request behind the first `after` notifications, and hands its answer to the peer.
pub(super) async fn call(
    in_flight: InFlight,
    id: u64,
    request: Request,
    headers: Vec<(HeaderName, HeaderValue)>,
    caller: Option<Arc<CallerInfo>>,
    after: u64,
) {
    let shared = Arc::clone(&in_flight.0);
    shared.sent_up_to(after).await;
    let stopped = shared.exchange(id, request, headers, caller).await;
    match stopped {
        Ok(rest) => {
            let waits = shared.peer().filter(|peer| peer.is_waiting(id));
            if let Some(peer) = waits {
                let failure = failure::not_an_answer("something other than the response");
                peer.finish(id, Err(failure));
            }
            drop(in_flight);
            if let Some(mut rest) = rest {
                // Read to its end, so that the connection can be used again.
                let _ = tokio::time::timeout(LINGER, rest.read(&shared, None)).await;
            }
        }
        Err(Stop::Failed(failure)) => {
            if let Some(peer) = shared.peer() {
                peer.finish(id, Err(failure));
            }
        }
        Err(Stop::Refused) => shared.expire(Some(id)),
    }
}

impl Shared {
    /// Sends a request and reads up to its response. Returns a stream that goes on behind it.
    async fn exchange(
        self: &Arc<Self>,
        id: u64,
        request: Request,
        headers: Vec<(HeaderName, HeaderValue)>,
        caller: Option<Arc<CallerInfo>>,
    ) -> Result<Option<Events>, Stop> {
        if self.is_expired() {
            return Err(Stop::Refused);
        }
        let begins = request.method == "initialize";
        let message = Message::Request(request);
        let answer = self.post(&message, caller.as_deref(), headers).await?;
        let status = answer.response.status();
        if !status.is_success() {
            return Err(self.refusal(answer, Some(id)).await);
        }
        let mut response = answer.response;
        if begins && let Some(session) = response.headers().get(SESSION) {
            let mut session = session.clone();
            session.set_sensitive(true);
            *lock(&self.session) = Some(session);
        }
        match content_type(&response) {
            "text/event-stream" => {
                let mut events = self.events(response);
                match events.read(self, Some(id)).await {
                    StreamEnd::Answered => Ok(Some(events)),
                    StreamEnd::TooLong => Err(failure::too_large(self.config.max_message).into()),
                    StreamEnd::Over(why) => self.resume(id, events.cursor(), why).await,
                }
            }
            "application/json" | "" => {
                let body = self.body(&mut response, self.config.max_message).await?;
                let Some(body) = body else {
                    return Err(failure::too_large(self.config.max_message).into());
                };
                if body.is_empty() {
                    let what = format!("HTTP {status} and no response");
                    return Err(failure::not_an_answer(&what).into());
                }
                if !self.receive(&body, Some(id)) {
                    return Err(failure::not_an_answer("a body that is no JSON-RPC message").into());
                }
                Ok(None)
            }
            other => {
                let other: String = other.chars().take(100).collect();
                let what = format!("{other}, not JSON or events; is the URL an MCP endpoint?");
                Err(failure::not_an_answer(&what).into())
            }
        }
    }

    /// Sends a message that has no answer.
    pub(super) async fn tell(self: &Arc<Self>, message: &Message, caller: Option<Arc<CallerInfo>>) {
        let exchange = async {
            let answer = self.post(message, caller.as_deref(), Vec::new()).await?;
            if !answer.response.status().is_success() {
                return Err(self.refusal(answer, None).await);
            }
            let mut response = answer.response;
            // Read to its end, so that the connection can be used again.
            if content_type(&response) != "text/event-stream" {
                self.body(&mut response, MAX_ERROR_BODY).await?;
            }
            Ok(())
        };
        let origin = &*self.origin;
        match tokio::time::timeout(NOTIFY_TIMEOUT, exchange).await {
            Ok(Ok(())) => {}
            Ok(Err(Stop::Refused)) => self.expire(None),
            Ok(Err(Stop::Failed(failure))) => {
                tracing::debug!(origin, ?failure, "a message was not taken");
            }
            Err(_) => tracing::debug!(origin, "a message was not taken in time"),
        }
    }

    /// What an answer that is no success means.
    pub(super) async fn refusal(&self, answer: Answer, call: Option<u64>) -> Stop {
        let Answer {
            mut response,
            in_session,
        } = answer;
        let status = response.status();
        let body = match content_type(&response) {
            "application/json" | "" => self.body(&mut response, MAX_ERROR_BODY).await,
            _ => Ok(None),
        };
        let error = body.ok().flatten().as_ref().and_then(error_of);
        if in_session && has_expired(status, error.as_ref(), call) {
            return Stop::Refused;
        }
        match error {
            Some((_, error)) => Stop::Failed(Failure::Error(error)),
            None => Stop::Failed(failure::of_status(status, response.headers())),
        }
    }

    /// Hands a text to the peer; whether it was a message.
    pub(super) fn receive(&self, text: &ByteString, origin: Option<u64>) -> bool {
        let Some(peer) = self.peer() else {
            return true;
        };
        match Incoming::parse(text) {
            Ok(Incoming::One(message)) => {
                peer.receive(message, origin);
                true
            }
            Ok(Incoming::Batch(messages)) => {
                for message in messages {
                    match message {
                        Ok(message) => peer.receive(message, origin),
                        Err(malformed) => self.noise(&malformed.error),
                    }
                }
                true
            }
            Err(malformed) => {
                self.noise(&malformed.error);
                false
            }
        }
    }

    /// The body, if it has at most `max` bytes.
    async fn body(
        &self,
        response: &mut Response,
        max: usize,
    ) -> Result<Option<ByteString>, Failure> {
        let announced = response.content_length().unwrap_or(0);
        if announced > max as u64 {
            return Ok(None);
        }
        let broken = |error| failure::of_error(&self.origin, &error);
        let mut body = response.chunk().await.map_err(broken)?.unwrap_or_default();
        if let Some(next) = response.chunk().await.map_err(broken)? {
            let announced = usize::try_from(announced).unwrap_or(0);
            let mut all = BytesMut::with_capacity(announced.max(body.len() + next.len()));
            all.extend_from_slice(&body);
            all.extend_from_slice(&next);
            while let Some(next) = response.chunk().await.map_err(broken)? {
                if all.len() + next.len() > max {
                    return Ok(None);
                }
                all.extend_from_slice(&next);
            }
            body = all.freeze();
        }
        Ok((body.len() <= max).then(|| text(&body)))
    }

    pub(super) fn is_waiting(&self, id: u64) -> bool {
        self.peer().is_some_and(|peer| peer.is_waiting(id))
    }

    fn is_expired(&self) -> bool {
        self.expired.load(Ordering::SeqCst)
    }

    fn noise(&self, error: &ErrorObject) {
        tracing::debug!(
            origin = self.origin,
            ?error,
            "the server sent what is no message"
        );
    }
}

/// The media type without its parameters; empty where none is given.
pub(super) fn content_type(response: &Response) -> &str {
    let value = response.headers().get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let media = value.split(';').next().unwrap_or("").trim();
    // The two that matter, in whatever case they come.
    ["application/json", "text/event-stream"]
        .into_iter()
        .find(|known| media.eq_ignore_ascii_case(known))
        .unwrap_or(media)
}

/// The error of a JSON-RPC response, and the id that it names.
fn error_of(body: &ByteString) -> Option<(Option<Id>, ErrorObject)> {
    match Message::parse(body).ok()? {
        Message::Response(Reply {
            id,
            outcome: Err(error),
        }) => Some((id, error)),
        _ => None,
    }
}

/// Whether a refusal says that the session is unknown to the server.
fn has_expired(
    status: StatusCode,
    error: Option<&(Option<Id>, ErrorObject)>,
    call: Option<u64>,
) -> bool {
    match (status, error) {
        // A server that looked at the call and does not know its method answers 404 as well.
        (StatusCode::NOT_FOUND, Some((Some(id), error))) => {
            id.as_u64() != call || error.code() != code::METHOD_NOT_FOUND
        }
        (StatusCode::NOT_FOUND, _) => true,
        // The widely copied example of the TypeScript SDK answers an unknown session in this way.
        (StatusCode::BAD_REQUEST, Some((None, error))) => {
            error.code() == -32000 && error.message().to_ascii_lowercase().contains("session")
        }
        _ => false,
    }
}

/// Text, whatever the bytes are.
fn text(bytes: &Bytes) -> ByteString {
    match ByteString::try_from(bytes.clone()) {
        Ok(text) => text,
        Err(_) => String::from_utf8_lossy(bytes).into_owned().into(),
    }
}
