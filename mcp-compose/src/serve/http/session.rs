//! Sessions of clients that began with `initialize`.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use http::StatusCode;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::Sender;
use super::backend::Backend;
use super::gauge::Gauge;
use super::options::HttpOptions;
use super::places::{Full, Place, Places};
use super::push::{PushLink, PushQueue};
use super::reply::Refusal;
use super::streams::Streams;
use crate::gateway::client::{Outlet, Principal};
use crate::wire::peer::{BeginError, Handler, Inbound, Peer, lock};
use crate::wire::{self, FastMap, Id, Notification, Request};

/// A session that has been idle for this long makes room for another where there is none.
const ABANDONED: Duration = Duration::from_secs(5 * 60);

/// One client's session.
pub(super) struct Session<G: Backend> {
    pub(super) id: String,
    pub(super) client: Arc<G::Client>,
    /// Who began it.
    pub(super) principal: Principal,
    /// What it began it with.
    view: Arc<G::View>,
    /// Requests in flight in both directions.
    pub(super) peer: Arc<Peer>,
    pub(super) streams: Arc<Streams>,
    /// Requests of the client in flight.
    pub(super) load: Arc<Gauge>,
    backend: Arc<G>,
    _place: Place,
}

impl<G: Backend> Session<G> {
    /// A session that is not in the table yet: `initialize` may fail.
    pub(super) fn open(
        backend: &Arc<G>,
        sender: Sender<G::View>,
        place: Place,
    ) -> Result<Arc<Self>, Refusal> {
        let Sender {
            principal, view, ..
        } = sender;
        let id = fresh_id()?;
        let push = Arc::new(PushQueue::default());
        let outlet = Arc::clone(&push) as Arc<dyn Outlet>;
        let client = backend.connect(&view, outlet, principal.clone());
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
            view,
            peer,
            streams: Streams::new(push),
            load: Arc::default(),
            backend: Arc::clone(backend),
            _place: place,
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
                BeginError::TooMany => {
                    Refusal::too_many("too many requests of this session are in flight")
                }
            }
            .about(id)
        })
    }

    /// Serves a request that has begun, in the places that `seats` are.
    pub(super) fn serve(
        self: &Arc<Self>,
        request: Request,
        inbound: Inbound,
        seats: impl Send + 'static,
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
            drop((inbound, busy, seats));
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
    places: Arc<Places>,
    idle: Duration,
    /// No session is abandoned before: where there is no place, none is looked for until then.
    crowded_until: Mutex<Option<Instant>>,
}

impl<G: Backend> Sessions<G> {
    pub(super) fn new(options: &HttpOptions) -> Self {
        Self {
            table: Mutex::default(),
            places: Places::new(options.max_sessions, options.max_sessions_of_client),
            idle: options.session_idle,
            crowded_until: Mutex::default(),
        }
    }

    /// The session of this id, if `principal` may use it. It has been heard of then, before anybody else looks.
    pub(super) fn get(&self, id: &str, sender: &Sender<G::View>) -> Option<Arc<Session<G>>> {
        let table = lock(&self.table);
        let session = table.get(id)?;
        // Nor is it one of another path.
        if !sender.principal.shares_sessions_with(&session.principal)
            || !Arc::ptr_eq(&sender.view, &session.view)
        {
            return None;
        }
        session.streams.touch();
        Some(Arc::clone(session))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        lock(&self.table).len()
    }

    /// A place for one more session of this principal. Where there is none, an abandoned one makes room.
    pub(super) fn place(&self, principal: &Principal) -> Result<Place, Refusal> {
        self.place_at(Instant::now(), principal)
    }

    pub(super) fn place_at(&self, now: Instant, principal: &Principal) -> Result<Place, Refusal> {
        let full = match self.places.take(principal) {
            Ok(place) => return Ok(place),
            Err(full) => full,
        };
        if self.make_room(now, (full == Full::OfPrincipal).then_some(principal))
            && let Ok(place) = self.places.take(principal)
        {
            return Ok(place);
        }
        Err(match full {
            Full::All => Refusal::busy("too many sessions are open here"),
            Full::OfPrincipal => Refusal::too_many("too many sessions of this client are open"),
        })
    }

    /// Ends the session (of `whose`, if that matters) that was abandoned first; false if none is.
    fn make_room(&self, now: Instant, whose: Option<&Principal>) -> bool {
        if whose.is_none() && lock(&self.crowded_until).is_some_and(|until| now < until) {
            return false;
        }
        let longest = lock(&self.table)
            .values()
            .filter(|session| whose.is_none_or(|whose| session.principal == *whose))
            .filter_map(|session| Some((session.streams.idle_for(now)?, Arc::clone(session))))
            .max_by_key(|(idle, _)| *idle);
        match longest {
            Some((idle, session)) if idle >= ABANDONED => {
                let why = "the session was abandoned, and others want to begin";
                self.end_idle(&session.id, now, ABANDONED, why)
            }
            longest => {
                if whose.is_none() {
                    let idle = longest.map_or(Duration::ZERO, |(idle, _)| idle);
                    *lock(&self.crowded_until) = Some(now + ABANDONED.saturating_sub(idle));
                }
                false
            }
        }
    }

    /// Takes a session in.
    pub(super) fn insert(&self, session: &Arc<Session<G>>) {
        lock(&self.table).insert(session.id.clone(), Arc::clone(session));
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
            let why = "the session was idle for too long";
            if !self.end_idle(&session.id, now, self.idle, why) {
                session.streams.sweep(now);
            }
        }
    }

    /// Ends a session, unless it is not idle (any more): nothing that runs is cut.
    fn end_idle(&self, id: &str, now: Instant, idle: Duration, why: &str) -> bool {
        let session = {
            let mut table = lock(&self.table);
            match table.get(id) {
                Some(session) if session.streams.is_idle(now, idle) => table.remove(id),
                _ => None,
            }
        };
        session.is_some_and(|session| {
            session.end(why);
            true
        })
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
