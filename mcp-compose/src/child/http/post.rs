//! One POST, and what comes back on it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use http::{HeaderName, HeaderValue, StatusCode, header};
use reqwest::Response;
use tokio::time::Instant;

use super::breaker::{Kind, Pass};
use super::failure;
use super::listen::{Events, StreamEnd};
use super::request::{Answer, SESSION};
use super::shared::{InFlight, LINGER, NOTIFY_TIMEOUT, Shared};
use crate::child::CallerInfo;
use crate::wire::message::{Incoming, code};
use crate::wire::peer::{Cause, Delivered, Failure, Lost, lock};
use crate::wire::{ErrorObject, Id, Message, Request, Response as Reply};

/// How much of a body that is no answer is logged.
const MAX_SHOWN: usize = 200;
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
    let deadline = Instant::now() + shared.config.timeout;
    let _unwinding = Unwinding(&shared, id);
    shared.sent_up_to(after).await;
    let stopped = shared
        .exchange(id, request, headers, caller, deadline)
        .await;
    match stopped {
        Ok(rest) => {
            let waits = shared.peer().filter(|peer| peer.is_waiting(id));
            if let Some(peer) = waits {
                let failure = failure::not_an_answer("something other than the response");
                peer.finish(id, Err(failure));
            }
            drop(in_flight);
            if let Some(mut rest) = rest
                && !shared.is_busy()
            {
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

/// Ends a call whose task panics, as a provider of credentials can: nobody else would.
struct Unwinding<'s>(&'s Shared, u64);

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(peer) = self.0.peer()
        {
            let lost = Lost::new(Cause::Exited, Delivered::Maybe, "the call failed in here");
            peer.finish(self.1, Err(lost.into()));
        }
    }
}

impl Shared {
    /// Sends a request and reads up to its response, if the breaker lets it. Returns a stream that goes on behind it.
    async fn exchange(
        self: &Arc<Self>,
        id: u64,
        request: Request,
        headers: Vec<(HeaderName, HeaderValue)>,
        caller: Option<Arc<CallerInfo>>,
        deadline: Instant,
    ) -> Result<Option<Events>, Stop> {
        if self.is_expired() {
            return Err(Stop::Refused);
        }
        let kind = match self.agreed.get() {
            Some(_) => Kind::Call,
            None => Kind::Handshake,
        };
        let breaker = &self.config.gate.breaker;
        let mut pass = breaker
            .enter(kind)
            .map_err(|refused| failure::left_alone(&refused))?;
        if request.method == "initialize" {
            let turn = self.config.gate.pace.next(Instant::now());
            tokio::time::sleep_until(turn).await;
        }
        let message = Message::Request(request);
        let head = self
            .deliver(&message, caller.as_deref(), &headers, deadline)
            .await;
        let ended = match head {
            Ok(answer) => self.read(id, &message, answer, &mut pass).await,
            Err(failure) => Err(failure.into()),
        };
        match &ended {
            Err(Stop::Failed(Failure::Lost(lost)))
                if matches!(lost.cause, Cause::Exited | Cause::Unavailable) =>
            {
                pass.failed(&lost.reason);
            }
            _ if pass.was_heard() => pass.succeeded(),
            // It was not sent, or an error came with HTTP 5xx.
            _ => {}
        }
        ended
    }

    /// Reads an answer up to the response to `message`.
    async fn read(
        self: &Arc<Self>,
        id: u64,
        message: &Message,
        answer: Answer,
        pass: &mut Pass<'_>,
    ) -> Result<Option<Events>, Stop> {
        let status = answer.response.status();
        if !status.is_server_error() {
            pass.heard();
        }
        if !status.is_success() {
            return Err(self.refusal(answer, Some(id)).await);
        }
        let mut response = answer.response;
        if let Some(coding) = response.headers().get(header::CONTENT_ENCODING)
            && coding != "identity"
        {
            let coding = coding.to_str().unwrap_or("?").chars().take(100);
            let what = format!(
                "a body in the coding {}, which was not asked for",
                coding.collect::<String>()
            );
            return Err(failure::not_an_answer(&what).into());
        }
        let begins = matches!(message, Message::Request(request) if request.method == "initialize");
        if begins {
            let _ = self.began.set(Instant::now());
        }
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
                let what = format!("HTTP {status} and {other}");
                self.show_start(&mut response).await;
                Err(failure::no_endpoint(&what).into())
            }
        }
    }

    /// Sends a message that has no answer.
    pub(super) async fn tell(self: &Arc<Self>, message: &Message, caller: Option<Arc<CallerInfo>>) {
        let exchange = async {
            // Without a deadline of its own, it waits.
            let _ = self.config.gate.throttle.turn(None).await;
            let answer = self.post(message, caller.as_deref(), &[]).await?;
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
        // What these say is for us, whatever stands in the body.
        let ours = matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
        );
        Stop::Failed(match error {
            Some((_, error)) if !ours => Failure::Error(error),
            error => {
                if let Some((_, error)) = error {
                    let origin = &*self.origin;
                    tracing::debug!(origin, %status, "the server says: {}", error.message().escape_debug());
                }
                failure::of_status(
                    status,
                    response.headers(),
                    &self.target,
                    self.config.has_credentials(),
                )
            }
        })
    }

    /// Logs how a body begins that is none of ours.
    async fn show_start(&self, response: &mut Response) {
        if tracing::enabled!(tracing::Level::DEBUG)
            && let Ok(Some(start)) = response.chunk().await
        {
            let start = &start[..start.len().min(MAX_SHOWN)];
            let origin = &*self.origin;
            tracing::debug!(origin, "it begins with {}", start.escape_ascii());
        }
    }

    /// Hands a text to the peer; whether it was a message.
    pub(super) fn receive(&self, text: &ByteString, origin: Option<u64>) -> bool {
        let Some(peer) = self.peer() else {
            return true;
        };
        let take = |message: Message| match is_foreign(&message, origin) {
            true => tracing::warn!(
                origin = self.origin,
                "the server answered one call on the stream of another; the answer is dropped"
            ),
            false => peer.receive(message, origin),
        };
        match Incoming::parse(text) {
            Ok(Incoming::One(message)) => {
                take(message);
                true
            }
            Ok(Incoming::Batch(messages)) => {
                for message in messages {
                    match message {
                        Ok(message) => take(message),
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
        let broken = |error| self.broken(&error);
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

/// Whether a message answers another call than the one on whose stream it came.
fn is_foreign(message: &Message, origin: Option<u64>) -> bool {
    match (message, origin) {
        (Message::Response(Reply { id: Some(id), .. }), Some(call)) => id.as_u64() != Some(call),
        _ => false,
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
