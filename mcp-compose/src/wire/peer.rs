//! The symmetric peer: one end of a connection, whatever carries it.
//!
//! A peer sends requests and matches their responses, hands on what the other side asks and tells,
//! and keeps order: what arrived before a response is delivered before it. A transport feeds it
//! through [`Peer::receive`] and is written to through [`Link`].

mod call;
mod slot;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::FastMap;
pub(crate) use super::failure::{Cause, Delivered, Failure, Lost};
use super::json::Raw;
use super::message::{ErrorObject, Id, Malformed, Message, Notification, Request, Response, code};
use super::object::Object;
use super::origin::{HttpRequest, Origin};
use super::version::{Era, META_SUBSCRIPTION};
pub(crate) use call::Call;
use slot::{Pushed, Slot};

/// Requests of the other side that may be in flight on one connection.
pub(crate) const MAX_INBOUND: usize = 1024;
/// Requests of ours that were given up, and that are remembered so that a late answer is known as one.
const MAX_ABANDONED: usize = 4096;

/// Where a peer writes. Never blocks: a link that cannot take more refuses.
pub(crate) trait Link: Send + Sync + fmt::Debug + 'static {
    /// Hands a message to the transport.
    fn send(&self, message: Outgoing) -> Result<(), LinkError>;

    /// Tells the other side that the answer to our request `id` is no longer wanted.
    /// Transports whose dialect is another one (a closed stream) override this.
    fn cancel(&self, id: u64, reason: &str) {
        // A link that is closed or full has no call left to cancel in time.
        let _ = self.send(Outgoing::new(cancellation(id, reason)));
    }

    /// Where so much waits for the other side that answers would be refused soon: what to wait for before one is sent.
    fn room(&self) -> Option<BoxFuture<'static, ()>> {
        None
    }

    /// The handshake is done: from now on this era and version are spoken.
    fn established(&self, _era: Era, _version: &str) {}

    /// Ends the connection.
    fn close(&self);
}

/// Tells the other side that the answer to our request `id` is no longer wanted.
fn cancellation(id: u64, reason: &str) -> Message {
    let mut params = Object::default();
    params.set("requestId", id.to_string());
    params.set("reason", super::json::quote(reason));
    let params = Some(params.to_raw());
    Message::Notification(Notification::new("notifications/cancelled", params))
}

/// Where messages for a client go: the stream of one of its requests, or its connection. Keeps order.
pub(crate) trait Outlet: Send + Sync + fmt::Debug + 'static {
    /// Hands a message over. Never blocks; an outlet that is closed or full refuses.
    fn send(&self, message: Message) -> Result<(), LinkError>;

    /// The HTTP request whose stream this is, if it is one.
    fn http(&self) -> Option<&Arc<HttpRequest>> {
        None
    }
}

/// A message on its way out, with what only some transports need.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The message.
    pub(crate) message: Message,
    /// `Mcp-Param-*` headers of a tool call (2026-07-28 over HTTP).
    pub(crate) headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Who the call is made for: what per-request credentials are chosen by.
    pub(crate) caller: Option<Arc<crate::child::CallerInfo>>,
    /// Where the call comes from, for a child in this process.
    pub(crate) origin: Option<Arc<Origin>>,
    /// Whether it is better dropped than kept for a reader that does not read.
    pub(crate) expendable: bool,
}

impl Outgoing {
    /// A message with nothing beside it.
    pub(crate) fn new(message: Message) -> Self {
        Self {
            message,
            headers: Vec::new(),
            caller: None,
            origin: None,
            expendable: false,
        }
    }
}

/// Why a link did not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkError {
    /// The connection has ended.
    Closed,
    /// The other side reads too slowly; nothing was sent.
    Full,
}

/// What a peer does with what the other side starts.
pub(crate) trait Handler: Send + Sync + 'static {
    /// A request. `origin` is our own request on whose stream it arrived, where the transport can
    /// tell. The answer is owed through [`Peer::respond`].
    fn request(&self, peer: &Arc<Peer>, request: Request, origin: Option<u64>);

    /// A notification that belongs to no call of ours.
    fn notification(&self, peer: &Arc<Peer>, notification: Notification);

    /// The connection ended.
    fn closed(&self, reason: &str);

    /// Something came that has no business to come, or was left out. It is counted, not answered.
    fn odd(&self, _what: Oddity) {}

    /// How many requests of the other side may be in flight.
    fn max_inbound(&self) -> usize {
        MAX_INBOUND
    }
}

/// What the other side does that it should not, and what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// Text that is no message.
    Junk,
    /// An answer to what was never asked.
    Unasked,
    /// An answer to what was answered before, or has failed.
    Repeated,
    /// An answer to what was given up.
    Late,
    /// Progress that was left out because newer progress waits, or because nobody reads.
    Progress,
    /// Another notification that was left out because nobody reads.
    Unread,
    /// A request that was refused.
    Refused,
}

impl Oddity {
    /// All of them, in the order of their declaration.
    pub(crate) const ALL: [Self; 7] = [
        Self::Junk,
        Self::Unasked,
        Self::Repeated,
        Self::Late,
        Self::Progress,
        Self::Unread,
        Self::Refused,
    ];
}

/// What a call yields, in the order in which it arrived.
#[derive(Debug)]
pub(crate) enum Event {
    /// Params of a `notifications/progress` for this call.
    Progress(Raw),
    /// Another notification that arrived on this call's own stream.
    Notification(Notification),
    /// A request of the other side that arrived on this call's own stream. The answer is owed
    /// through [`Peer::respond`]; [`Peer::begin`] tells whether it was cancelled meanwhile.
    Question(Request),
    /// The end; nothing follows.
    Done(Result<Raw, Failure>),
}

/// One end of a connection.
pub(crate) struct Peer {
    link: Box<dyn Link>,
    handler: Arc<dyn Handler>,
    next_id: AtomicU64,
    calls: Mutex<FastMap<u64, Arc<Slot>>>,
    /// The last requests of ours that were given up.
    abandoned: Mutex<VecDeque<u64>>,
    inbound: Mutex<FastMap<Id, Asked>>,
    ended: OnceLock<Arc<str>>,
    /// Why the other side is not heard any more, if the connection has not ended.
    unheard: OnceLock<Arc<str>>,
    closed: CancellationToken,
}

/// A request of the other side that is in flight.
struct Asked {
    cancelled: CancellationToken,
    /// Whether somebody serves it. One that waits in the queue of a call is not served yet.
    begun: bool,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// A peer that writes to `link` and hands what it is asked to `handler`.
    pub(crate) fn new(link: Box<dyn Link>, handler: Arc<dyn Handler>) -> Arc<Self> {
        Arc::new(Self::with(link, handler))
    }

    /// As [`Peer::new`], for a handler that needs to reach the peer.
    pub(crate) fn new_cyclic(
        link: Box<dyn Link>,
        handler: impl FnOnce(&Weak<Self>) -> Arc<dyn Handler>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|peer| Self::with(link, handler(peer)))
    }

    fn with(link: Box<dyn Link>, handler: Arc<dyn Handler>) -> Self {
        Self {
            link,
            handler,
            next_id: AtomicU64::new(1),
            calls: Mutex::default(),
            abandoned: Mutex::default(),
            inbound: Mutex::default(),
            ended: OnceLock::new(),
            unheard: OnceLock::new(),
            closed: CancellationToken::new(),
        }
    }

    /// Sends a request. `params` gets the id, which is also the progress token to use.
    pub(crate) fn request(
        self: &Arc<Self>,
        method: &str,
        params: impl FnOnce(u64) -> Option<Raw>,
        route: RequestRoute,
    ) -> Call {
        let send = |message| {
            self.link.send(Outgoing {
                message,
                headers: route.headers,
                caller: route.caller,
                origin: route.origin,
                expendable: false,
            })
        };
        self.call(method, params, None, send)
    }

    /// As [`Peer::request`], but the message goes out through `outlet`, the stream of the request
    /// that caused it. Cancelling goes the same way, and by the link if that stream has ended.
    pub(crate) fn request_on(
        self: &Arc<Self>,
        outlet: &Arc<dyn Outlet>,
        method: &str,
        params: impl FnOnce(u64) -> Option<Raw>,
    ) -> Call {
        let send = |message| outlet.send(message);
        self.call(method, params, Some(Arc::clone(outlet)), send)
    }

    fn call(
        self: &Arc<Self>,
        method: &str,
        params: impl FnOnce(u64) -> Option<Raw>,
        outlet: Option<Arc<dyn Outlet>>,
        send: impl FnOnce(Message) -> Result<(), LinkError>,
    ) -> Call {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let slot = Arc::new(Slot::default());
        lock(&self.calls).insert(id, Arc::clone(&slot));
        let on_stream = outlet.is_some();
        let call = Call::new(Arc::clone(self), id, slot, outlet);
        let message = Message::Request(Request {
            id: Id::number(id),
            method: method.into(),
            params: params(id),
        });
        let sent = match self.silent() {
            Some(_) => Err(LinkError::Closed),
            None => send(message),
        };
        if let Err(error) = sent {
            let failure = match error {
                LinkError::Full => Failure::Overloaded,
                LinkError::Closed => {
                    let reason = match self.silent() {
                        Some(reason) => Arc::clone(reason),
                        None if on_stream => "this request has no stream to ask on".into(),
                        None => "the connection is closed".into(),
                    };
                    Lost::exited(Delivered::No, reason).into()
                }
            };
            self.finish(id, Err(failure));
        }
        call
    }

    /// Sends a notification; what cannot be sent is dropped.
    pub(crate) fn notify(&self, notification: Notification) {
        let _ = self
            .link
            .send(Outgoing::new(Message::Notification(notification)));
    }

    /// Answers a request of the other side.
    pub(crate) fn respond(&self, id: Id, outcome: Result<Raw, ErrorObject>) {
        self.answer(id, outcome, false);
    }

    /// As [`Peer::respond`], for an answer that is not worth keeping for a reader that does not read: who floods us with
    /// requests must not fill the queue that calls go through.
    pub(crate) fn respond_lightly(&self, id: Id, outcome: Result<Raw, ErrorObject>) {
        self.answer(id, outcome, true);
    }

    fn answer(&self, id: Id, outcome: Result<Raw, ErrorObject>, expendable: bool) {
        {
            let mut inbound = lock(&self.inbound);
            // Answered without having begun.
            if inbound.get(&id).is_some_and(|asked| !asked.begun) {
                inbound.remove(&id);
            }
        }
        let response = Response {
            id: Some(id),
            outcome,
        };
        let _ = self.link.send(Outgoing {
            expendable,
            ..Outgoing::new(Message::Response(response))
        });
    }

    /// Says what was wrong with a text that is no message.
    pub(crate) fn complain(&self, malformed: Malformed) {
        let response = Response {
            id: malformed.id,
            outcome: Err(malformed.error),
        };
        let _ = self.link.send(Outgoing {
            expendable: true,
            ..Outgoing::new(Message::Response(response))
        });
    }

    /// Registers a request of the other side as in flight: the token fires when it is cancelled.
    /// It has fired already for a question that was cancelled while it waited in its call's queue.
    pub(crate) fn begin(self: &Arc<Self>, id: &Id) -> Result<Inbound, BeginError> {
        let token = self.note(id, true)?;
        Ok(Inbound {
            peer: Arc::clone(self),
            id: id.clone(),
            token,
        })
    }

    fn note(&self, id: &Id, begun: bool) -> Result<CancellationToken, BeginError> {
        let mut inbound = lock(&self.inbound);
        match inbound.get_mut(id) {
            Some(waiting) if begun && !waiting.begun => {
                waiting.begun = true;
                return Ok(waiting.cancelled.clone());
            }
            Some(_) => return Err(BeginError::Duplicate),
            None => {}
        }
        if inbound.len() >= self.handler.max_inbound() {
            return Err(BeginError::TooMany);
        }
        let cancelled = CancellationToken::new();
        let asked = Asked {
            cancelled: cancelled.clone(),
            begun,
        };
        inbound.insert(id.clone(), asked);
        Ok(cancelled)
    }

    /// The link, for the handshake to tell it what was agreed.
    pub(crate) fn link(&self) -> &dyn Link {
        &*self.link
    }

    /// Takes a message from the transport. `origin` is our own request on whose stream it arrived.
    pub(crate) fn receive(self: &Arc<Self>, message: Message, origin: Option<u64>) {
        match message {
            Message::Response(Response {
                id: Some(id),
                outcome,
            }) => {
                let outcome = outcome.map_err(Failure::Error);
                // An id that is not in flight: nobody waits for it.
                match id.as_u64() {
                    Some(id) if self.settle(id, outcome) => {}
                    id => self.handler.odd(self.oddity_of(id)),
                }
            }
            Message::Response(Response { id: None, outcome }) => {
                if let Err(error) = outcome {
                    tracing::debug!(
                        ?error,
                        "the other side reports a message that it could not read"
                    );
                    // On a stream of one call, an error without an id can only mean that call.
                    match origin {
                        Some(id) => self.finish(id, Err(Failure::Error(error))),
                        None => self.handler.odd(Oddity::Unasked),
                    }
                }
            }
            Message::Request(request) => match origin.and_then(|id| self.slot(id)) {
                Some(slot) => self.asked(request, &slot),
                None => self.handler.request(self, request, origin),
            },
            Message::Notification(notification) => self.told(notification, origin),
        }
    }

    /// Takes text that is no message. Where it is meant as the answer to a request of ours, that request fails.
    pub(crate) fn misread(&self, text: &str) {
        match super::message::meant_to_answer(text) {
            Some(id)
                if self.settle(id, Err(broken("its answer is no JSON-RPC message").into())) => {}
            _ => self.handler.odd(Oddity::Junk),
        }
    }

    /// What an answer is to which nothing is in flight.
    fn oddity_of(&self, id: Option<u64>) -> Oddity {
        let Some(id) = id.filter(|id| (1..self.next_id.load(Ordering::Relaxed)).contains(id))
        else {
            return Oddity::Unasked;
        };
        let mut abandoned = lock(&self.abandoned);
        match abandoned.iter().position(|one| *one == id) {
            Some(at) => {
                abandoned.remove(at);
                Oddity::Late
            }
            None => Oddity::Repeated,
        }
    }

    /// Remembers that a request of ours was given up.
    fn note_abandoned(&self, id: u64) {
        let mut abandoned = lock(&self.abandoned);
        if abandoned.len() == MAX_ABANDONED {
            abandoned.pop_front();
        }
        abandoned.push_back(id);
    }

    /// Queues a question for the call on whose stream it arrived.
    fn asked(self: &Arc<Self>, request: Request, slot: &Slot) {
        match self.note(&request.id, false) {
            Ok(_) => {
                if let Err(Event::Question(request)) = slot.push(Event::Question(request)) {
                    self.refuse(
                        request.id,
                        "the call that asks has ended, or asks too much at once",
                    );
                }
            }
            Err(BeginError::TooMany) => self.refuse(request.id, "too many requests are in flight"),
            // Without the id: with it, this would be taken for the answer to the one in flight.
            Err(BeginError::Duplicate) => self.complain(Malformed {
                id: None,
                error: ErrorObject::new(
                    code::INVALID_REQUEST,
                    "invalid request: a request of this id is in flight already",
                ),
            }),
        }
    }

    fn refuse(&self, id: Id, why: &str) {
        self.handler.odd(Oddity::Refused);
        self.respond_lightly(id, Err(ErrorObject::new(code::INTERNAL, why)));
    }

    /// Counts what is left out of what the other side tells.
    fn count(&self, pushed: Pushed, what: Oddity) {
        if pushed == Pushed::LeftOut {
            self.handler.odd(what);
        }
    }

    fn told(self: &Arc<Self>, notification: Notification, origin: Option<u64>) {
        match &*notification.method {
            "notifications/progress" => {
                let Some(params) = notification.params else {
                    return;
                };
                let token = Object::parse(params.as_str())
                    .ok()
                    .and_then(|object| object.get("progressToken")?.parse::<u64>().ok());
                if let Some(slot) = token.and_then(|id| self.slot(id))
                    && let Ok(pushed) = slot.push(Event::Progress(params))
                {
                    self.count(pushed, Oddity::Progress);
                }
            }
            "notifications/cancelled" => {
                let id = Object::parse(notification.params())
                    .ok()
                    .and_then(|object| {
                        Id::from_raw(Raw::from_json(object.get("requestId")?.to_owned()))
                    });
                if let Some(id) = id
                    && let Some(asked) = lock(&self.inbound).get(&id)
                {
                    asked.cancelled.cancel();
                }
                self.handler.notification(self, notification);
            }
            _ => match origin
                .or_else(|| listen_of(&notification))
                .and_then(|id| self.slot(id))
            {
                Some(slot) if !is_connection_wide(&notification.method) => {
                    if let Ok(pushed) = slot.push(Event::Notification(notification)) {
                        self.count(pushed, Oddity::Unread);
                    }
                }
                _ => self.handler.notification(self, notification),
            },
        }
    }

    /// Ends one call of ours, as its response would.
    pub(crate) fn finish(&self, id: u64, outcome: Result<Raw, Failure>) {
        self.settle(id, outcome);
    }

    /// As [`Peer::finish`]; false if no such call is in flight.
    fn settle(&self, id: u64, outcome: Result<Raw, Failure>) -> bool {
        let Some(slot) = lock(&self.calls).remove(&id) else {
            return false;
        };
        let _ = slot.push(Event::Done(outcome));
        true
    }

    /// Fails one call in flight, if it is.
    pub(crate) fn fail_call(&self, id: u64, cause: Cause, reason: &str) {
        let lost = Lost::new(cause, Delivered::Maybe, reason);
        self.settle(id, Err(lost.into()));
    }

    /// Fails every call in flight; the connection goes on.
    pub(crate) fn fail_calls(&self, cause: Cause, reason: &str) {
        let calls: Vec<_> = lock(&self.calls).drain().collect();
        for (_, slot) in calls {
            let lost = Lost::new(cause, Delivered::Maybe, reason);
            let _ = slot.push(Event::Done(Err(lost.into())));
        }
    }

    /// The other side says nothing more, but may still listen: what it was asked fails, now and
    /// from now on, and its own requests are still answered.
    pub(crate) fn stop_hearing(&self, reason: &str) {
        if self.unheard.set(reason.into()).is_ok() {
            self.fail_calls(Cause::Exited, reason);
        }
    }

    /// Whether our request `id` still waits for its response.
    pub(crate) fn is_waiting(&self, id: u64) -> bool {
        lock(&self.calls).contains_key(&id)
    }

    /// The connection is gone: every call fails, every request of the other side is cancelled.
    pub(crate) fn end(&self, reason: &str) {
        self.end_with(reason, |_| Delivered::Maybe);
    }

    /// As [`Peer::end`], because the other side breaks the protocol.
    pub(crate) fn end_as_broken(&self, reason: &str) {
        self.end_for(Cause::Protocol, reason, |_| Delivered::Maybe);
    }

    /// As [`Peer::end`], where the transport knows which calls did not arrive.
    pub(crate) fn end_with(&self, reason: &str, delivered: impl Fn(u64) -> Delivered) {
        self.end_for(Cause::Exited, reason, delivered);
    }

    fn end_for(&self, cause: Cause, reason: &str, delivered: impl Fn(u64) -> Delivered) {
        if self.ended.set(reason.into()).is_err() {
            return;
        }
        self.link.close();
        let calls: Vec<_> = lock(&self.calls).drain().collect();
        for (id, slot) in calls {
            let lost = Lost::new(cause, delivered(id), reason);
            let _ = slot.push(Event::Done(Err(lost.into())));
        }
        for asked in lock(&self.inbound).values() {
            asked.cancelled.cancel();
        }
        self.handler.closed(reason);
        self.closed.cancel();
    }

    /// Whether a request of the other side is in flight.
    pub(crate) fn is_asked(&self) -> bool {
        !lock(&self.inbound).is_empty()
    }

    /// Waits until the connection has ended.
    pub(crate) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Why the connection ended, once it has.
    pub(crate) fn ended(&self) -> Option<&Arc<str>> {
        self.ended.get()
    }

    /// Why no answer of the other side can come any more, once that is so.
    fn silent(&self) -> Option<&Arc<str>> {
        self.ended.get().or_else(|| self.unheard.get())
    }

    fn slot(&self, id: u64) -> Option<Arc<Slot>> {
        lock(&self.calls).get(&id).cloned()
    }
}

/// An answer that is none.
fn broken(reason: &str) -> Lost {
    Lost::new(Cause::Protocol, Delivered::Maybe, reason)
}

/// The `subscriptions/listen` of ours that a notification says it belongs to, where one connection
/// carries all of them.
fn listen_of(notification: &Notification) -> Option<u64> {
    if !matches!(
        &*notification.method,
        "notifications/subscriptions/acknowledged" | "notifications/tasks"
    ) {
        return None;
    }
    let params = Object::parse(notification.params()).ok()?;
    let meta = Object::parse(params.get("_meta")?).ok()?;
    meta.get(META_SUBSCRIPTION)?.parse().ok()
}

/// List changes, resource updates and the like concern the connection even when they arrive on the
/// stream of one call.
fn is_connection_wide(method: &str) -> bool {
    method.ends_with("/list_changed") || method == "notifications/resources/updated"
}

/// What a request carries beside its params.
#[derive(Debug, Default)]
pub(crate) struct RequestRoute {
    /// Headers of its own: `Mcp-Param-*`, and its place in a trace.
    pub(crate) headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Who the call is made for.
    pub(crate) caller: Option<Arc<crate::child::CallerInfo>>,
    /// Where the call comes from, for a child in this process.
    pub(crate) origin: Option<Arc<Origin>>,
}

/// Why a request of the other side was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BeginError {
    /// A request of that id is in flight.
    Duplicate,
    /// Too many requests are in flight.
    TooMany,
}

/// A request of the other side while it is in flight.
#[derive(Debug)]
pub(crate) struct Inbound {
    peer: Arc<Peer>,
    id: Id,
    token: CancellationToken,
}

impl Inbound {
    /// Fires when the other side cancels the request or the connection ends.
    pub(crate) fn cancelled(&self) -> &CancellationToken {
        &self.token
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        lock(&self.peer.inbound).remove(&self.id);
    }
}

/// Locks a table whose users cannot leave it half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
