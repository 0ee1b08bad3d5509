//! What the link of an HTTP child and its tasks share: the session, the tasks, and the order of what
//! is sent.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use reqwest::Client;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use url::Url;

use super::{HttpConfig, listen};
use crate::wire::FastMap;
use crate::wire::peer::{Delivered, LinkError, Peer, lock};
use crate::wire::version::Era;
use crate::wire::{Message, Notification};

/// Calls of one session that may wait for their answer.
pub(super) const MAX_CALLS: usize = 1024;
/// Notifications that may wait to be sent.
const MAX_WAITING: usize = 1024;
/// Exchanges that may be under way before answers to questions are refused too.
const MAX_TASKS: usize = 4096;
/// How long a message that has no answer may take.
pub(super) const NOTIFY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the stream of a call is read on when the call was answered or cancelled.
pub(super) const LINGER: Duration = Duration::from_secs(2);
/// How long the server may take to end a session that we leave.
const DELETE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long other calls may still get their own answer once the session is known to have expired.
const EXPIRY_GRACE: Duration = Duration::from_secs(1);

/// What the link and its tasks share.
pub(super) struct Shared {
    pub(super) config: HttpConfig,
    pub(super) client: Result<Client, Arc<str>>,
    pub(super) target: Url,
    pub(super) origin: String,
    pub(super) base: HeaderMap,
    runtime: Handle,
    /// Weak: the peer owns the link.
    pub(super) peer: OnceLock<Weak<Peer>>,
    pub(super) agreed: OnceLock<Agreed>,
    pub(super) session: Mutex<Option<HeaderValue>>,
    /// When the session began.
    pub(super) began: OnceLock<Instant>,
    tasks: Mutex<Tasks>,
    lane: Mutex<Lane>,
    /// Notifications queued so far, and how many of them are done with: requests wait for those before them.
    pub(super) queued: AtomicU64,
    accepted: watch::Sender<u64>,
    listening: AtomicBool,
    /// Calls without an answer so far.
    calls: AtomicUsize,
    call_ended: Notify,
    pub(super) expired: AtomicBool,
    /// Calls that the server refused because the session has expired.
    undelivered: Mutex<HashSet<u64>>,
}

/// What the handshake agreed on.
pub(super) struct Agreed {
    pub(super) era: Era,
    pub(super) version: HeaderValue,
}

#[derive(Default)]
struct Tasks {
    running: FastMap<Task, AbortHandle>,
    next: u64,
    closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Task {
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

impl Shared {
    pub(super) fn new(config: HttpConfig) -> Self {
        Self {
            client: config.client(),
            target: config.target(),
            origin: config.origin(),
            base: config.base_headers(),
            config,
            runtime: Handle::current(),
            peer: OnceLock::new(),
            agreed: OnceLock::new(),
            session: Mutex::default(),
            began: OnceLock::new(),
            tasks: Mutex::default(),
            lane: Mutex::default(),
            queued: AtomicU64::new(0),
            accepted: watch::Sender::new(0),
            listening: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            call_ended: Notify::new(),
            expired: AtomicBool::new(false),
            undelivered: Mutex::default(),
        }
    }

    pub(super) fn peer(&self) -> Option<Arc<Peer>> {
        self.peer.get()?.upgrade()
    }

    pub(super) fn era(&self) -> Option<Era> {
        self.agreed.get().map(|agreed| agreed.era)
    }

    pub(super) fn session(&self) -> Option<HeaderValue> {
        lock(&self.session).clone()
    }

    /// Runs `work` until it ends or the link closes.
    pub(super) fn spawn(
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

    /// Whether so much is under way that nothing more is taken on.
    pub(super) fn is_busy(&self) -> bool {
        lock(&self.tasks).running.len() >= MAX_TASKS
    }

    /// Runs `work` beside the calls, until it ends or the link closes.
    pub(super) fn spawn_other(
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

    pub(super) fn abort(&self, task: Task) {
        let running = lock(&self.tasks).running.remove(&task);
        if let Some(running) = running {
            running.abort();
        }
    }

    /// Queues a notification behind those before it.
    pub(super) fn queue(self: &Arc<Self>, notification: Notification) -> Result<(), LinkError> {
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
    pub(super) async fn sent_up_to(&self, count: u64) {
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
    pub(super) fn expire(self: &Arc<Self>, call: Option<u64>) {
        lock(&self.undelivered).extend(call);
        if self.expired.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(began) = self.began.get() {
            self.config.gate.pace.forgotten(*began, Instant::now());
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

    pub(super) fn close(self: &Arc<Self>) {
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
pub(super) struct InFlight(pub(super) Arc<Shared>);

impl InFlight {
    pub(super) fn new(shared: &Arc<Shared>) -> Option<Self> {
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
