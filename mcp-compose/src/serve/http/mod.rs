//! The HTTP front: every protocol version on one endpoint.
//!
//! A request is served inside the HTTP exchange that brings it, by the task of its connection.
//! Its answer is JSON when nothing precedes the result, and an event stream when something does.
//! Up to 2025-11-25 a broken connection is no cancellation: the call then goes on by itself, and
//! its stream can be asked for again. From 2026-07-28 on, the stream's end is the call's end.

mod auth;
mod backend;
mod body;
mod call;
#[cfg(feature = "admin")]
mod door;
mod gauge;
mod guard;
mod headers;
mod heads;
mod legacy;
mod listen;
mod modern;
mod options;
mod peek;
mod places;
mod post;
mod push;
mod reply;
mod session;
mod stream;
mod streams;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use backend::Backend;
pub(crate) use body::Body;
#[cfg(feature = "admin")]
pub(crate) use door::Door;
pub(crate) use guard::check_bind;
pub(crate) use listen::serve;
pub use options::HttpOptions;

use auth::Known;
use gauge::{Gauge, Seat};
use guard::Guard;
use reply::Refusal;
use session::{Session, Sessions};

use crate::gateway::client::Principal;
use crate::serve::health::Probe;
use crate::wire::{HttpRequest, Id};

/// How often idle sessions and streams that nobody came back to are looked for.
const SWEEP: Duration = Duration::from_secs(30);
/// The paths of the endpoint.
const PATHS: [&str; 2] = ["/mcp", "/"];

/// Under this a profile, or a child by itself, has a path of its own.
const VIEWS: &str = "/mcp/";

/// Who sent a request, and to what.
struct Sender<V> {
    principal: Principal,
    view: Arc<V>,
    /// What it has in flight, where it is known who it is.
    load: Option<Arc<Gauge>>,
}

/// The HTTP front of a gateway.
pub(crate) struct Front<G: Backend> {
    backend: Arc<G>,
    options: HttpOptions,
    guard: Guard,
    sessions: Sessions<G>,
    /// Requests in flight.
    load: Arc<Gauge>,
    sweeping: AtomicBool,
    /// Calls that outlived their connection, and the sweeper.
    tasks: TaskTracker,
    /// No new work is taken.
    draining: CancellationToken,
    /// Work in flight is given up.
    stopping: CancellationToken,
}

impl<G: Backend> Front<G> {
    /// A front that serves `backend`.
    pub(crate) fn new(backend: Arc<G>, options: HttpOptions) -> Arc<Self> {
        let draining = backend.draining().child_token();
        Arc::new(Self {
            backend,
            guard: Guard {
                hosts: options.hosts.clone(),
                origins: options.origins.clone(),
            },
            sessions: Sessions::new(&options),
            load: Arc::default(),
            options,
            sweeping: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            draining,
            stopping: CancellationToken::new(),
        })
    }

    /// Serves one HTTP request, whatever its path.
    pub(crate) async fn handle<B>(self: &Arc<Self>, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        let (mut head, body) = request.into_parts();
        if let Err(why) = self.guard.check(&head.headers) {
            return Refusal::new(StatusCode::FORBIDDEN, why).into();
        }
        let known = match self.options.tokens.check(&head.headers) {
            Ok(known) => known,
            Err(why) => return Refusal::denied(why).into(),
        };
        let Some(view) = self.backend.view(named(head.uri.path())) else {
            return reply::empty(StatusCode::NOT_FOUND);
        };
        let sender = Sender::of(known, view, &head);
        self.options.tokens.strip(&mut head.headers);
        match head.method {
            Method::POST => {
                let request = Arc::new(HttpRequest {
                    headers: head.headers,
                    extensions: head.extensions,
                });
                self.post(&request, sender, body).await
            }
            Method::GET => self.get(&head.headers, &sender),
            Method::DELETE => self.delete(&head.headers, &sender),
            _ => Ok(reply::not_allowed("GET, POST, DELETE")),
        }
        .unwrap_or_else(Response::from)
    }

    /// Serves one HTTP request if its path is the endpoint's.
    async fn route<B>(self: &Arc<Self>, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        let path = request.uri().path();
        if PATHS.contains(&path) || named(path).is_some() {
            return self.handle(request).await;
        }
        match self.guard.check(request.headers()) {
            Ok(()) => match Probe::of_path(request.uri().path()) {
                Some(probe) => reply::health(self.backend.health(probe).await),
                None => reply::empty(StatusCode::NOT_FOUND),
            },
            Err(why) => Refusal::new(StatusCode::FORBIDDEN, why).into(),
        }
    }

    /// Takes a session in.
    fn open(self: &Arc<Self>, session: &Arc<Session<G>>) {
        self.sessions.insert(session);
        if !self.sweeping.swap(true, Ordering::AcqRel) {
            let front = Arc::downgrade(self);
            let (draining, stopping) = (self.draining.clone(), self.backend.stopping().clone());
            let every = SWEEP.min(self.options.session_idle / 2);
            self.tasks.spawn(sweep(front, every, draining, stopping));
        }
    }

    /// A place for one request in flight.
    fn seat(&self, id: &Id) -> Result<Seat, Refusal> {
        if self.draining.is_cancelled() {
            return Err(Refusal::draining().about(id));
        }
        self.load
            .enter(self.options.max_in_flight)
            .ok_or_else(|| Refusal::busy("too many requests are in flight here").about(id))
    }

    /// A place for one more of the requests of one client.
    fn seat_of(&self, load: &Arc<Gauge>, id: &Id) -> Result<Seat, Refusal> {
        let max = self.options.max_in_flight_of_client;
        load.enter(max).ok_or_else(|| {
            let why =
                format!("{max} requests of this client are in flight, and more are not taken");
            Refusal::too_many(&why).about(id)
        })
    }

    /// Takes no new work: streams that only listen end, calls in flight go on.
    pub(crate) fn drain(&self) {
        self.draining.cancel();
        for session in self.sessions.all() {
            session.streams.close_listeners();
        }
    }

    /// Gives up what is in flight and ends every session.
    pub(crate) fn stop(&self) {
        self.draining.cancel();
        self.stopping.cancel();
        for session in self.sessions.all() {
            self.sessions.end(&session.id, "the server has stopped");
        }
    }
}

impl<G: Backend> Drop for Front<G> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a path asks for by name.
fn named(path: &str) -> Option<&str> {
    let name = path.strip_prefix(VIEWS)?;
    (!name.is_empty()).then_some(name)
}

impl<V> Sender<V> {
    fn of(known: Option<&Known>, view: Arc<V>, head: &http::request::Parts) -> Self {
        let said = head.extensions.get::<Principal>();
        let principal = match (said, known) {
            (None, Some(known)) => known.principal.clone(),
            _ => Principal::of(&head.headers, &head.extensions),
        };
        Self {
            principal,
            view,
            load: known.map(|known| Arc::clone(&known.load)),
        }
    }
}

/// Looks after the sessions until the front is gone.
async fn sweep<G: Backend>(
    front: Weak<Front<G>>,
    every: Duration,
    draining: CancellationToken,
    stopping: CancellationToken,
) {
    loop {
        tokio::select! {
            () = draining.cancelled() => break,
            () = stopping.cancelled() => {
                if let Some(front) = front.upgrade() {
                    front.stop();
                }
                return;
            }
            () = tokio::time::sleep(every) => {}
        }
        match front.upgrade() {
            Some(front) => front.sessions.sweep(Instant::now()),
            None => return,
        }
    }
    if let Some(front) = front.upgrade() {
        front.drain();
    }
}

/// The front as an axum router: `/mcp`, `/mcp/{name}` and `/`, for people who serve it themselves.
pub(crate) fn router<G: Backend>(front: &Arc<Front<G>>) -> axum::Router {
    let front = Arc::clone(front);
    let service = tower::service_fn(move |request: Request<axum::body::Body>| {
        let front = Arc::clone(&front);
        async move {
            let response = front.handle(request).await;
            Ok::<_, Infallible>(response.map(axum::body::Body::new))
        }
    });
    let views = format!("{VIEWS}{{name}}");
    let paths = PATHS.into_iter().chain([&*views]);
    paths.fold(axum::Router::new(), |router, path| {
        router.route_service(path, service.clone())
    })
}
