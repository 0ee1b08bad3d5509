//! A child behind streamable HTTP: one POST for each message, one stream for what it tells unasked.

mod config;
mod failure;
mod listen;
mod post;
mod request;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use reqwest::Client;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use url::Url;

pub(crate) use config::HttpConfig;
pub use config::{AuthProvider, BoxError};

use crate::wire::peer::{Delivered, Handler, Link, LinkError, Outgoing, Peer, lock};
use crate::wire::version::Era;
use crate::wire::{Message, Notification, Object};

/// Calls of one session that may wait for their answer.
const MAX_CALLS: usize = 1024;
/// Notifications that may wait to be sent.
const MAX_WAITING: usize = 1024;
/// Exchanges that may be under way before answers to questions are refused too.
const MAX_TASKS: usize = 4096;
/// How long a message that has no answer may take.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the server may take to end a session that we leave.
const DELETE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long other calls may still get their own answer once the session is known to have expired.
const EXPIRY_GRACE: Duration = Duration::from_secs(1);

/// Opens a connection to an HTTP child. Nothing is sent before the peer sends.
///
/// Runs on the caller's Tokio runtime.
pub(crate) fn open(config: HttpConfig, handler: Arc<dyn Handler>) -> Arc<Peer> {
    let shared = Arc::new(Shared {
        client: config.client(),
        target: config.target(),
        origin: config.origin(),
        base: config.base_headers(),
        config,
        runtime: Handle::current(),
        peer: OnceLock::new(),
        agreed: OnceLock::new(),
        session: Mutex::default(),
        tasks: Mutex::default(),
        lane: Mutex::default(),
        queued: AtomicU64::new(0),
        accepted: watch::Sender::new(0),
        listening: AtomicBool::new(false),
        calls: AtomicUsize::new(0),
        call_ended: Notify::new(),
        expired: AtomicBool::new(false),
        undelivered: Mutex::default(),
    });
    let link = HttpLink(Arc::clone(&shared));
    let peer = Peer::new(Box::new(link), handler);
    // Set once, here; nothing runs before.
    let _ = shared.peer.set(Arc::downgrade(&peer));
    peer
}

struct HttpLink(Arc<Shared>);

/// What the link and its tasks share.
struct Shared {
    config: HttpConfig,
    client: Result<Client, Arc<str>>,
    target: Url,
    origin: String,
    base: HeaderMap,
    runtime: Handle,
    /// Weak: the peer owns the link.
    peer: OnceLock<Weak<Peer>>,
    agreed: OnceLock<Agreed>,
    session: Mutex<Option<HeaderValue>>,
    tasks: Mutex<Tasks>,
    lane: Mutex<Lane>,
    /// Notifications queued so far, and how many of them are done with: requests wait for those before them.
    queued: AtomicU64,
    accepted: watch::Sender<u64>,
    listening: AtomicBool,
    /// Calls without an answer so far.
    calls: AtomicUsize,
    call_ended: Notify,
    expired: AtomicBool,
    /// Calls that the server refused because the session has expired.
    undelivered: Mutex<HashSet<u64>>,
}

/// What the handshake agreed on.
struct Agreed {
    era: Era,
    version: HeaderValue,
}

#[derive(Default)]
struct Tasks {
    running: HashMap<Task, AbortHandle>,
    next: u64,
    closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Task {
    /// The POST of our request, and the reading of its answer.
    Call(u64),
    Other(u64),
}

/// Notifications, sent one after the other.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<Notification>,
    running: bool,
}

// === impl HttpLink ===

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
                if lock(&shared.tasks).running.len() >= MAX_TASKS {
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
        // In the modern era the closed stream is the cancellation, and a handshake is not cancelled
        // but left.
        if shared.era() != Some(Era::Legacy) {
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
            // A server need not answer what was cancelled.
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

// === impl Shared ===

impl Shared {
    fn peer(&self) -> Option<Arc<Peer>> {
        self.peer.get()?.upgrade()
    }

    fn era(&self) -> Option<Era> {
        self.agreed.get().map(|agreed| agreed.era)
    }

    fn session(&self) -> Option<HeaderValue> {
        lock(&self.session).clone()
    }

    /// Runs `work` until it ends or the link closes.
    fn spawn(
        self: &Arc<Self>,
        task: Task,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), LinkError> {
        // Held while spawning, so that a task that ends at once finds its entry.
        let mut tasks = lock(&self.tasks);
        if tasks.closed {
            return Err(LinkError::Closed);
        }
        let this = Arc::clone(self);
        let running = self.runtime.spawn(async move {
            work.await;
            lock(&this.tasks).running.remove(&task);
        });
        tasks.running.insert(task, running.abort_handle());
        Ok(())
    }

    fn spawn_other(
        self: &Arc<Self>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), LinkError> {
        let number = {
            let mut tasks = lock(&self.tasks);
            tasks.next += 1;
            tasks.next
        };
        self.spawn(Task::Other(number), work)
    }

    fn abort(&self, task: Task) {
        let running = lock(&self.tasks).running.remove(&task);
        if let Some(running) = running {
            running.abort();
        }
    }

    /// Queues a notification behind those before it.
    fn queue(self: &Arc<Self>, notification: Notification) -> Result<(), LinkError> {
        let starts = {
            let mut lane = lock(&self.lane);
            if lane.waiting.len() >= MAX_WAITING {
                return Err(LinkError::Full);
            }
            lane.waiting.push_back(notification);
            self.queued.fetch_add(1, Ordering::Release);
            !std::mem::replace(&mut lane.running, true)
        };
        if !starts {
            return Ok(());
        }
        let this = Arc::clone(self);
        self.spawn_other(async move { this.send_notifications().await })
    }

    async fn send_notifications(self: &Arc<Self>) {
        loop {
            let notification = {
                let mut lane = lock(&self.lane);
                let next = lane.waiting.pop_front();
                lane.running = next.is_some();
                next
            };
            let Some(notification) = notification else {
                return;
            };
            let begins = notification.method == "notifications/initialized";
            self.tell(&Message::Notification(notification), None).await;
            self.accepted.send_modify(|done| *done += 1);
            if begins && self.era() == Some(Era::Legacy) {
                self.listen();
            }
        }
    }

    /// Waits until the first `count` notifications are done with.
    async fn sent_up_to(&self, count: u64) {
        if *self.accepted.borrow() < count {
            let mut accepted = self.accepted.subscribe();
            // The sender lives in `self`.
            let _ = accepted.wait_for(|done| *done >= count).await;
        }
    }

    /// Opens the stream for what the server tells unasked, once.
    fn listen(self: &Arc<Self>) {
        if !self.listening.swap(true, Ordering::AcqRel) {
            let this = Arc::clone(self);
            let _ = self.spawn_other(async move { listen::listen(&this).await });
        }
    }

    /// The server has forgotten the session: it refused `call` unseen, and will refuse every other.
    fn expire(self: &Arc<Self>, call: Option<u64>) {
        lock(&self.undelivered).extend(call);
        if self.expired.swap(true, Ordering::SeqCst) {
            return;
        }
        // There is nothing left to delete.
        *lock(&self.session) = None;
        let this = Arc::clone(self);
        let _ = self.spawn_other(async move {
            // Calls in flight get their own answer: those that are refused too can be made again.
            let answered = async {
                loop {
                    let ended = this.call_ended.notified();
                    if this.calls.load(Ordering::SeqCst) == 0 {
                        break;
                    }
                    ended.await;
                }
            };
            let _ = tokio::time::timeout(EXPIRY_GRACE, answered).await;
            let undelivered = std::mem::take(&mut *lock(&this.undelivered));
            if let Some(peer) = this.peer() {
                peer.end_with("the server has forgotten the session (HTTP 404)", |id| {
                    match undelivered.contains(&id) {
                        true => Delivered::No,
                        false => Delivered::Maybe,
                    }
                });
            }
        });
    }

    fn close(self: &Arc<Self>) {
        let running: Vec<_> = {
            let mut tasks = lock(&self.tasks);
            if std::mem::replace(&mut tasks.closed, true) {
                return;
            }
            tasks.running.drain().collect()
        };
        for (_, task) in running {
            task.abort();
        }
        if let Some(session) = lock(&self.session).take() {
            let this = Arc::clone(self);
            // Outlives the link by design, and ends by its deadline.
            self.runtime.spawn(async move {
                let left = this.delete(session);
                if tokio::time::timeout(DELETE_TIMEOUT, left).await.is_err() {
                    tracing::debug!(origin = this.origin, "the session was not deleted in time");
                }
            });
        }
    }
}

/// Counts a call from its sending to its answer.
struct InFlight(Arc<Shared>);

impl InFlight {
    fn new(shared: &Arc<Shared>) -> Option<Self> {
        let in_flight = Self(Arc::clone(shared));
        (shared.calls.fetch_add(1, Ordering::AcqRel) < MAX_CALLS).then_some(in_flight)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::SeqCst);
        if self.0.expired.load(Ordering::SeqCst) {
            self.0.call_ended.notify_waiters();
        }
    }
}
