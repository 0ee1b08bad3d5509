//! Sessions of clients that began with `initialize`.

use crate::wire::FastMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use http::StatusCode;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::backend::Backend;
use super::push::{PushLink, PushQueue};
use super::reply::Refusal;
use super::streams::Streams;
use crate::gateway::client::{Outlet, Principal};
use crate::wire::peer::{BeginError, Handler, Inbound, Peer, lock};
use crate::wire::{self, Id, Notification, Request};

/// One client's session.
pub(super) struct Session<G: Backend> {
    pub(super) id: String,
    pub(super) client: Arc<G::Client>,
    /// Who began it.
    pub(super) principal: Principal,
    /// Requests in flight in both directions.
    pub(super) peer: Arc<Peer>,
    pub(super) streams: Arc<Streams>,
    backend: Arc<G>,
}

impl<G: Backend> Session<G> {
    /// A session that is not in the table yet: `initialize` may fail.
    pub(super) fn open(backend: &Arc<G>, principal: Principal) -> Result<Arc<Self>, Refusal> {
        let id = fresh_id()?;
        let push = Arc::new(PushQueue::default());
        let client = backend.connect(Arc::clone(&push) as Arc<dyn Outlet>, principal.clone());
        let handler = SessionHandler {
            backend: Arc::clone(backend),
            client: Arc::clone(&client),
        };
        let link = PushLink(Arc::clone(&push));
        let peer = Peer::new(Box::new(link), Arc::new(handler));
        G::bind(&client, &peer);
        Ok(Arc::new(Self {
            id,
            client,
            principal,
            peer,
            streams: Streams::new(push),
            backend: Arc::clone(backend),
        }))
    }

    /// The version that was agreed on.
    pub(super) fn version(&self) -> Option<&'static str> {
        G::legacy_version(&self.client)
    }

    /// Registers a request as in flight.
    pub(super) fn begin(&self, id: &Id) -> Result<Inbound, Refusal> {
        self.peer.begin(id).map_err(|error| {
            match error {
                BeginError::Duplicate => Refusal::new(
                    StatusCode::BAD_REQUEST,
                    "a request with this id is in flight",
                ),
                BeginError::TooMany => Refusal::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many requests of this session are in flight",
                ),
            }
            .about(id)
        })
    }

    /// Serves a request that has begun.
    pub(super) fn serve(
        self: &Arc<Self>,
        request: Request,
        inbound: Inbound,
        outlet: Arc<dyn Outlet>,
    ) -> BoxFuture<'static, wire::Response> {
        let session = Arc::clone(self);
        let busy = self.streams.busy();
        Box::pin(async move {
            let id = request.id.clone();
            let cancelled = inbound.cancelled().clone();
            let outcome = session
                .backend
                .serve(&session.client, request, outlet, cancelled)
                .await;
            drop((inbound, busy));
            wire::Response {
                id: Some(id),
                outcome,
            }
        })
    }

    /// Ends the session: what is in flight is cancelled, open streams end.
    pub(super) fn end(&self, reason: &str) {
        self.peer.end(reason);
    }
}

impl<G: Backend> Drop for Session<G> {
    fn drop(&mut self) {
        self.peer.end("the session is gone");
    }
}

/// What a session does with what its client tells it.
struct SessionHandler<G: Backend> {
    backend: Arc<G>,
    client: Arc<G::Client>,
}

impl<G: Backend> Handler for SessionHandler<G> {
    /// Requests are served by the POST that brings them and never come this way.
    fn request(&self, peer: &Arc<Peer>, request: Request, _origin: Option<u64>) {
        let error = wire::ErrorObject::new(
            wire::message::code::INTERNAL,
            "a request is served by the POST that brings it",
        );
        peer.respond(request.id, Err(error));
    }

    fn notification(&self, _peer: &Arc<Peer>, notification: Notification) {
        self.backend.notified(&self.client, notification);
    }

    fn closed(&self, _reason: &str) {
        self.backend.disconnect(&self.client);
    }
}

/// The sessions by id.
pub(super) struct Sessions<G: Backend> {
    table: Mutex<FastMap<String, Arc<Session<G>>>>,
    max: usize,
    idle: Duration,
}

impl<G: Backend> Sessions<G> {
    pub(super) fn new(max: usize, idle: Duration) -> Self {
        Self {
            table: Mutex::default(),
            max,
            idle,
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Session<G>>> {
        lock(&self.table).get(id).cloned()
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.table).len()
    }

    /// Whether no further session is taken.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.max
    }

    /// Takes a session in; `false` if there are too many.
    pub(super) fn insert(&self, session: &Arc<Session<G>>) -> bool {
        let mut table = lock(&self.table);
        if table.len() >= self.max {
            return false;
        }
        table.insert(session.id.clone(), Arc::clone(session));
        true
    }

    /// Ends a session.
    pub(super) fn end(&self, id: &str, reason: &str) -> bool {
        let session = lock(&self.table).remove(id);
        session.is_some_and(|session| {
            session.end(reason);
            true
        })
    }

    /// Ends the sessions whose client is gone, and lets go of streams that nobody came back to.
    pub(super) fn sweep(&self, now: Instant) {
        for session in self.all() {
            if session.streams.is_idle(now, self.idle) {
                self.end(&session.id, "the session was idle for too long");
            } else {
                session.streams.sweep(now);
            }
        }
    }

    /// Every session.
    pub(super) fn all(&self) -> Vec<Arc<Session<G>>> {
        lock(&self.table).values().cloned().collect()
    }
}

/// 128 random bits, as visible ASCII.
fn fresh_id() -> Result<String, Refusal> {
    let mut bytes = [0u8; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        tracing::error!("no randomness for a session id");
        Refusal::busy("no session can be opened now")
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
