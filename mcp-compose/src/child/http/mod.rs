//! A child behind streamable HTTP: one POST for each message, one stream for what it tells unasked.

pub(crate) mod breaker;
mod broken;
mod config;
mod credentials;
mod deliver;
mod failure;
mod gate;
mod listen;
mod post;
mod request;
mod shared;
#[cfg(test)]
mod tests;
mod throttle;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::HeaderValue;

pub(crate) use config::{CONNECT_TIMEOUT, HttpConfig};
pub(crate) use tls::read_authorities;

use self::breaker::State;
use self::shared::{Agreed, InFlight, LINGER, Shared, Task};
use super::supervisor::{Child, Unavailable};
use crate::wire::peer::{Cause, Handler, Link, LinkError, Outgoing, Peer};
use crate::wire::version::Era;
use crate::wire::{Message, Notification, Object};

/// Opens a connection to an HTTP child. Nothing is sent before the peer sends.
///
/// Runs on the caller's Tokio runtime.
pub(crate) fn open(config: HttpConfig, handler: Arc<dyn Handler>) -> Arc<Peer> {
    let shared = Arc::new(Shared::new(config));
    let link = HttpLink(Arc::clone(&shared));
    let peer = Peer::new(Box::new(link), handler);
    // Set once, here; nothing runs before.
    let _ = shared.peer.set(Arc::downgrade(&peer));
    peer
}

impl Child {
    /// Why no call is sent to the child's server for now, and for how long; `None` where it may be called, or is not
    /// reached over HTTP.
    pub(crate) fn held_back(&self) -> Option<Unavailable> {
        match self.http.get()?.gate.breaker.state() {
            State::Open(left, why) => Some(Unavailable {
                cause: Cause::Unavailable,
                reason: format!("its last calls failed ({why}), so that none is sent for a while")
                    .into(),
                retry_after: Some(left),
            }),
            State::Closed | State::HalfOpen => None,
        }
    }
}

/// A client for requests to `url` that belong to no child, with the same TLS.
#[cfg(feature = "otel")]
pub(crate) fn client_for(url: &url::Url) -> Result<reqwest::Client, Arc<str>> {
    HttpConfig::new(url.clone()).client()
}

struct HttpLink(Arc<Shared>);

impl Link for HttpLink {
    fn send(&self, outgoing: Outgoing) -> Result<(), LinkError> {
        let shared = &self.0;
        let after = shared.queued.load(Ordering::Acquire);
        match outgoing.message {
            Message::Request(request) => {
                let Some(id) = request.id.as_u64() else {
                    return Err(LinkError::Closed);
                };
                let in_flight = InFlight::new(shared).ok_or(LinkError::Full)?;
                let (headers, caller) = (outgoing.headers, outgoing.caller);
                let work = post::call(in_flight, id, request, headers, caller, after);
                shared.spawn(Task::Call(id), work)
            }
            Message::Notification(notification) => shared.queue(notification),
            Message::Response(response) => {
                if shared.era() == Some(Era::Modern) {
                    // Questions are results in this era; there is nothing that could be answered.
                    tracing::debug!("a response to a server that asks nothing is dropped");
                    return Ok(());
                }
                if shared.is_busy() {
                    return Err(LinkError::Full);
                }
                let this = Arc::clone(shared);
                let message = Message::Response(response);
                shared.spawn_other(async move {
                    this.sent_up_to(after).await;
                    this.tell(&message, outgoing.caller).await;
                })
            }
        }
    }

    fn cancel(&self, id: u64, reason: &str) {
        let shared = &self.0;
        // There is a bound to what is under way for calls that nobody waits for.
        let busy = shared.is_busy();
        // In the modern era the closed stream is the cancellation, and a handshake is not cancelled
        // but left.
        if busy || shared.era() != Some(Era::Legacy) {
            shared.abort(Task::Call(id));
            return;
        }
        let mut params = Object::default();
        params.set("requestId", id.to_string());
        params.set("reason", crate::wire::json::quote(reason));
        let cancelled = Notification::new("notifications/cancelled", Some(params.to_raw()));
        let this = Arc::clone(shared);
        let told = shared.spawn_other(async move {
            this.tell(&Message::Notification(cancelled), None).await;
            // A server need not answer what was cancelled. What it still asks on that stream is heard,
            // and so refused: it would wait for ever for an answer to what got lost.
            tokio::time::sleep(LINGER).await;
            this.abort(Task::Call(id));
        });
        if told.is_err() {
            shared.abort(Task::Call(id));
        }
    }

    fn established(&self, era: Era, version: &str) {
        // Versions are dates; another text comes from a broken server and is not sent back.
        if let Ok(version) = HeaderValue::from_str(version) {
            let _ = self.0.agreed.set(Agreed { era, version });
        }
    }

    fn close(&self) {
        self.0.close();
    }
}

impl Drop for HttpLink {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for HttpLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpLink").field(&self.0.config).finish()
    }
}
