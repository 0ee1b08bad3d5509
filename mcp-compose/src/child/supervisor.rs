//! The life of one child: started, listed, watched, and started again when it is needed.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use backon::BackoffBuilder;
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::asks::{self, Told};
use super::handler::ChildHandler;
use super::handshake::{Introduced, Introduction, Profile, handshake};
use super::instance::{Instance, Opened};
use super::lease::STARTS;
use super::listing::{Kind, Listing};
use super::pool::Pool;
use super::{http, local, session, stdio};
use crate::compose::{ChildEra, ChildSource, ChildSpec};
use crate::wire::peer::{Cause, Handler, Peer, lock};
use crate::wire::version::Era;
use crate::wire::{Notification, Request};

/// List changes of a child within this time are one change.
const DEBOUNCE: Duration = Duration::from_millis(50);
/// Pause before the second start in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause between starts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Longest pause before a start that a call waits for.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// How long a call may wait for its turn at a child that is busy.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// A session that lived this long starts the pauses anew.
const HEALTHY: Duration = Duration::from_secs(60);

/// What is added to the reason for which a child that is to stay down has ended.
pub(crate) const NOT_AGAIN: &str = "; it is not started again";

/// Who hears what children say of their own accord.
pub(crate) trait Audience: Send + Sync + 'static {
    /// The child is up, down, or lists other things than before.
    fn changed(&self, child: &Arc<Child>);

    /// A new session is ready: what the former one had been told must be told again.
    fn started(&self, child: &Arc<Child>, instance: &Arc<Instance>);

    /// A notification that belongs to no call.
    fn told(
        &self,
        child: &Arc<Child>,
        instance: Option<&Arc<Instance>>,
        notification: Notification,
    );

    /// A question that arrived on no call's own stream. The answer is owed through `peer`.
    fn asked(
        &self,
        child: &Arc<Child>,
        instance: Option<&Arc<Instance>>,
        peer: &Arc<Peer>,
        question: Request,
    );

    /// Where all is served to one client only: who it is and what `child` may ask it, once it has
    /// introduced itself. `None` where there may be many.
    fn sole(&self, child: &Child) -> Option<watch::Receiver<Option<Introduced>>>;
}

/// Where a child's life stands.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    /// Not started: nobody needed it yet.
    Idle,
    /// On its way.
    Starting,
    /// Ready.
    Ready,
    /// Down; it is started again after a pause or when it is needed.
    Down {
        /// What happened, for people.
        reason: Arc<str>,
        /// When the next start is allowed.
        retry_at: Instant,
    },
    /// Ended for good.
    Stopped {
        /// Why, for people.
        reason: Arc<str>,
    },
}

/// Why a child cannot be called now.
#[derive(Debug, Clone)]
pub(crate) struct Unavailable {
    /// For programs.
    pub(crate) cause: Cause,
    /// What happened, for people.
    pub(crate) reason: Arc<str>,
    /// When another try makes sense.
    pub(crate) retry_after: Option<Duration>,
}

/// A declared child and the session that serves it.
pub(crate) struct Child {
    /// Unique within the gateway, never used again.
    pub(crate) id: u64,
    /// What people call it.
    pub(crate) label: String,
    pub(crate) spec: ChildSpec,
    runtime: Handle,
    pub(super) audience: Weak<dyn Audience>,
    current: ArcSwapOption<Instance>,
    /// The profile of the latest session, kept while the child is down.
    pub(super) known: ArcSwapOption<Profile>,
    listing: ArcSwap<Listing>,
    phase: watch::Sender<Phase>,
    /// Somebody needs the child.
    wanted: Notify,
    /// A bit for each [`Kind`] whose list changed.
    dirty: AtomicU8,
    dirtied: Notify,
    http: OnceLock<http::HttpConfig>,
    /// Calls that may be in flight.
    slots: Arc<Semaphore>,
    /// The child is to end.
    pub(super) ending: CancellationToken,
    /// Sessions of single clients.
    pub(super) pool: Arc<Pool>,
    /// Those that may be starting at once.
    pub(super) starts: Semaphore,
    /// What a session that belongs to no client is told.
    pub(super) plain: Told,
    /// Where what lives as long as such a session runs.
    pub(super) tasks: TaskTracker,
    /// The era that worked; kept for the child's whole life.
    era: Mutex<Option<Era>>,
    /// It was asked for a legacy session, and has none.
    pub(super) modern_only: AtomicBool,
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("label", &self.label)
            .field("phase", &*self.phase.borrow())
            .finish_non_exhaustive()
    }
}

impl Child {
    pub(crate) fn new(
        id: u64,
        spec: ChildSpec,
        runtime: Handle,
        audience: Weak<dyn Audience>,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        let label = spec.label();
        let max_in_flight = spec.options.max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        let plain = asks::shared(&spec.options);
        let first = if spec.options.lazy {
            Phase::Idle
        } else {
            Phase::Starting
        };
        Arc::new(Self {
            id,
            label,
            spec,
            runtime,
            audience,
            current: ArcSwapOption::empty(),
            known: ArcSwapOption::empty(),
            listing: ArcSwap::default(),
            phase: watch::channel(first).0,
            wanted: Notify::new(),
            dirty: AtomicU8::new(0),
            dirtied: Notify::new(),
            http: OnceLock::new(),
            slots: Arc::new(Semaphore::new(max_in_flight)),
            ending: CancellationToken::new(),
            pool: Arc::default(),
            starts: Semaphore::new(STARTS),
            plain,
            tasks,
            era: Mutex::default(),
            modern_only: AtomicBool::new(false),
        })
    }

    /// What the child listed last.
    pub(crate) fn listing(&self) -> Arc<Listing> {
        self.listing.load_full()
    }

    /// Says what the child lists, without a session of it.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn set_listing(&self, listing: Listing) {
        self.listing.store(Arc::new(listing));
    }

    /// What the child said of itself last.
    pub(crate) fn profile(&self) -> Option<Arc<Profile>> {
        self.known.load_full()
    }

    /// Where its life stands.
    pub(crate) fn phase(&self) -> Phase {
        self.phase.borrow().clone()
    }

    /// Whether it serves from this process.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.spec.source, ChildSource::Local(_))
    }

    /// The running session, if there is one.
    pub(crate) fn running(&self) -> Option<Arc<Instance>> {
        self.current
            .load_full()
            .filter(|instance| instance.is_alive())
    }

    /// Starts the child if it waits to be needed.
    pub(crate) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Waits until the first start has succeeded or failed.
    pub(crate) async fn settled(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives as long as the child.
        let _ = phase
            .wait_for(|phase| !matches!(phase, Phase::Idle | Phase::Starting))
            .await;
    }

    /// A session that can be called. Starts the child where it is not running, and waits for it
    /// within its own start bound.
    pub(crate) async fn instance(&self) -> Result<Arc<Instance>, Unavailable> {
        if let Some(instance) = self.running() {
            return Ok(instance);
        }
        let bound = self.spec.options.start_bound();
        tokio::time::timeout(bound, self.start_now())
            .await
            .unwrap_or_else(|_| {
                Err(Unavailable {
                    cause: Cause::StartFailed,
                    reason: format!("it did not start within {} s", bound.as_secs()).into(),
                    retry_after: None,
                })
            })
    }

    async fn start_now(&self) -> Result<Arc<Instance>, Unavailable> {
        let mut phase = self.phase.subscribe();
        let mut asked = false;
        loop {
            let now = phase.borrow_and_update().clone();
            match now {
                Phase::Ready => {
                    if let Some(instance) = self.running() {
                        return Ok(instance);
                    }
                    // It has just died; the supervisor says so next.
                }
                Phase::Starting => {}
                Phase::Stopped { reason } => {
                    return Err(Unavailable {
                        cause: Cause::Unavailable,
                        reason,
                        retry_after: None,
                    });
                }
                Phase::Down { reason, retry_at } => {
                    let left = retry_at.saturating_duration_since(Instant::now());
                    // A short pause is sat out: the caller waits for one start, and no longer.
                    if asked || left > SHORT_PAUSE {
                        return Err(Unavailable {
                            cause: Cause::Unavailable,
                            reason,
                            retry_after: Some(left),
                        });
                    }
                    asked = true;
                    self.wanted.notify_one();
                }
                Phase::Idle => {
                    self.wanted.notify_one();
                }
            }
            if phase.changed().await.is_err() {
                return Err(Unavailable {
                    cause: Cause::Unavailable,
                    reason: "it was removed".into(),
                    retry_after: None,
                });
            }
        }
    }

    /// A place among the calls in flight. Where all are taken, the call waits a little, and is
    /// refused after that.
    pub(crate) async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(permit);
        }
        tokio::time::timeout(QUEUE_WAIT, Arc::clone(&self.slots).acquire_owned())
            .await
            .ok()?
            .ok()
    }

    /// Ends the child for good.
    pub(crate) fn end(&self) {
        self.ending.cancel();
    }

    /// Lists have changed: they are read again soon.
    pub(crate) fn lists_changed(&self, kinds: u8) {
        self.dirty.fetch_or(kinds, Ordering::AcqRel);
        self.dirtied.notify_one();
    }

    /// Lives until it is ended. This is the child's one owner.
    pub(crate) async fn supervise(self: Arc<Self>) {
        let shutdown = self.ending.clone();
        let policy = backon::ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .without_max_times();
        let mut pauses = policy.build();
        let mut reported: Option<String> = None;
        // In a row.
        let mut restarts = 0_u32;
        loop {
            if matches!(*self.phase.borrow(), Phase::Idle) {
                tokio::select! {
                    () = self.wanted.notified() => {}
                    () = shutdown.cancelled() => break,
                }
                self.phase.send_replace(Phase::Starting);
            }
            let started = tokio::select! {
                started = self.start() => started,
                () = shutdown.cancelled() => break,
            };
            let began = Instant::now();
            let mut asked_to = false;
            let reason: Arc<str> = match started {
                Err(reason) => {
                    // Said once, not at each try.
                    if reported.as_deref() == Some(&*reason) || self.spec.options.optional {
                        tracing::info!(child = %self.label, "did not start: {reason}");
                    } else {
                        tracing::warn!(child = %self.label, "did not start: {reason}");
                    }
                    reported = Some(reason.clone());
                    reason.into()
                }
                Ok((instance, process)) => {
                    reported = None;
                    self.live(&instance, &shutdown).await;
                    asked_to = instance.stopping().is_cancelled();
                    self.current.store(None);
                    self.pool.remove(&instance);
                    stop(&instance, process).await;
                    if shutdown.is_cancelled() {
                        break;
                    }
                    let reason = instance
                        .peer()
                        .ended()
                        .cloned()
                        .unwrap_or_else(|| "it ended".into());
                    tracing::warn!(child = %self.label, "{reason}");
                    reason
                }
            };
            if matches!(self.spec.source, ChildSource::Session(_)) {
                self.announce();
                self.phase.send_replace(Phase::Stopped { reason });
                break;
            }
            if began.elapsed() > HEALTHY {
                pauses = policy.build();
                restarts = 0;
            }
            if !asked_to {
                if !self.spec.options.restart.allows(restarts) {
                    let reason = format!("{reason}{NOT_AGAIN}").into();
                    self.announce();
                    self.phase.send_replace(Phase::Stopped { reason });
                    break;
                }
                restarts += 1;
            }
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            let retry_at = Instant::now() + pause;
            self.announce();
            self.phase.send_replace(Phase::Down { reason, retry_at });
            tokio::select! {
                () = tokio::time::sleep_until(retry_at) => {}
                () = shutdown.cancelled() => break,
            }
            if self.spec.options.lazy {
                tokio::select! {
                    () = self.wanted.notified() => {}
                    () = shutdown.cancelled() => break,
                }
            }
            self.phase.send_replace(Phase::Starting);
        }
        self.phase.send_if_modified(|phase| {
            let open = !matches!(phase, Phase::Stopped { .. });
            if open {
                *phase = Phase::Stopped {
                    reason: "it was stopped".into(),
                };
            }
            open
        });
    }

    /// Opens a session, greets and lists; whatever fails, nothing of it is left running.
    async fn start(self: &Arc<Self>) -> Result<(Arc<Instance>, Option<stdio::Process>), String> {
        let (instance, starting) = self.greet(self.introduction()).await?;
        self.known.store(Some(Arc::new(instance.profile().clone())));
        self.dirty.store(0, Ordering::Release);
        let listing = self
            .listing
            .load()
            .refresh(&instance, [true; 4], self.spec.options.list_timeout)
            .await;
        self.publish(listing);
        if instance.owner().is_some() {
            self.pool.adopt(&instance);
        }
        self.current.store(Some(Arc::clone(&instance)));
        if let Some(audience) = self.audience.upgrade() {
            audience.started(self, &instance);
            audience.changed(self);
        }
        // Whoever waits for the child finds it in the catalog.
        self.phase.send_replace(Phase::Ready);
        Ok((instance, starting.succeed()))
    }

    /// Whom the one session is opened for: all clients, or the only one.
    fn introduction(&self) -> Introduction {
        let sole = self.audience.upgrade().filter(|_| self.is_separable());
        match sole.and_then(|audience| audience.sole(self)) {
            Some(client) => Introduction::Awaited(client),
            None => Introduction::All(self.plain.clone()),
        }
    }

    /// Opens a session, for all clients or for one, and greets.
    pub(super) async fn greet(
        self: &Arc<Self>,
        mut introduction: Introduction,
    ) -> Result<(Arc<Instance>, Starting), String> {
        let bound = self.spec.options.init_timeout;
        let for_call = matches!(introduction, Introduction::One(_));
        let handler = ChildHandler::new(Arc::downgrade(self));
        let mut opened = self.open(Arc::clone(&handler) as Arc<dyn Handler>)?;
        let starting = Starting {
            process: opened.process.take(),
            peer: Arc::clone(&opened.peer),
            armed: true,
        };
        let profile = match opened.greeted {
            Some(profile) => profile,
            None => {
                match handshake(
                    &opened.peer,
                    self.era(),
                    bound,
                    &mut introduction,
                    &self.plain,
                )
                .await
                {
                    Ok(profile) => profile,
                    Err(error) => {
                        // A child that answers an unknown question by ending is asked the old way
                        // next time.
                        if self.spec.options.era == ChildEra::Auto && opened.peer.ended().is_some()
                        {
                            *lock(&self.era) = Some(Era::Legacy);
                        }
                        return Err(self.explain(&starting, error.0).await);
                    }
                }
            }
        };
        let (owner, told) = match introduction {
            Introduction::All(told) => {
                *lock(&self.era) = Some(profile.era);
                (None, told)
            }
            Introduction::One(client) => {
                let tried = client.era == Era::Legacy && client.told != self.plain;
                if tried && profile.era == Era::Modern {
                    self.modern_only.store(true, Ordering::Release);
                }
                if for_call || profile.era == Era::Legacy {
                    (Some(client.holder), client.told)
                } else {
                    // What is not told at the handshake serves all alike.
                    (None, self.plain.clone())
                }
            }
            Introduction::Awaited(_) => (None, self.plain.clone()),
        };
        let mut instance = Instance::new(Arc::clone(&opened.peer), profile, owner, told);
        if for_call {
            instance.await_call();
        }
        let instance = Arc::new(instance);
        handler.ready(&instance);
        Ok((instance, starting))
    }

    fn open(self: &Arc<Self>, handler: Arc<dyn Handler>) -> Result<Opened, String> {
        let max_message = self.spec.options.max_message;
        match &self.spec.source {
            ChildSource::Stdio(spec) => stdio::open(spec, &self.label, max_message, handler),
            ChildSource::Http(spec) => {
                // One set of connections for all sessions of the child.
                let config = self
                    .http
                    .get_or_init(|| http::HttpConfig::of(&self.label, spec, max_message));
                Ok(Opened {
                    peer: http::open(config.clone(), handler),
                    process: None,
                    greeted: None,
                })
            }
            ChildSource::Local(server) => Ok(local::open(server, self.runtime.clone(), handler)),
            ChildSource::Session(session) => {
                let spec = lock(session).take().ok_or(
                    "the session has ended; it was opened elsewhere and cannot be opened again here",
                )?;
                Ok(session::open(spec, handler))
            }
            #[cfg(any(feature = "rmcp", test))]
            ChildSource::Piped(piped) => {
                super::piped::open(piped, &self.label, max_message, &self.runtime, handler)
            }
            #[cfg(test)]
            ChildSource::Fake(fake) => Ok(fake.open(handler)),
        }
    }

    fn era(&self) -> ChildEra {
        match (self.spec.options.era, *lock(&self.era)) {
            (ChildEra::Auto, Some(Era::Legacy)) => ChildEra::Legacy,
            (era, _) => era,
        }
    }

    /// Stops what was started and adds what the process said last.
    async fn explain(&self, starting: &Starting, why: String) -> String {
        if let Some(process) = &starting.process {
            let ended = starting.peer.ended().is_some();
            process.stop().await;
            if !ended && let Some(last) = process.stderr().last() {
                return format!("{why}; it last wrote to stderr: {last}");
            }
        }
        why
    }

    /// Watches a session until it ends, and lists again what it says has changed.
    async fn live(self: &Arc<Self>, instance: &Arc<Instance>, shutdown: &CancellationToken) {
        loop {
            tokio::select! {
                () = instance.peer().closed() => return,
                () = instance.stopping().cancelled() => return,
                () = shutdown.cancelled() => return,
                () = self.dirtied.notified() => {}
            }
            tokio::select! {
                () = tokio::time::sleep(DEBOUNCE) => {}
                () = shutdown.cancelled() => return,
            }
            let dirty = self.dirty.swap(0, Ordering::AcqRel);
            if dirty == 0 {
                continue;
            }
            let kinds = Kind::ALL.map(|kind| dirty & bit(kind) != 0);
            let listing = self
                .listing
                .load()
                .refresh(instance, kinds, self.spec.options.list_timeout)
                .await;
            self.publish(listing);
            self.announce();
        }
    }

    /// The gateway reports the listing's problems, each once.
    fn publish(&self, listing: Listing) {
        self.listing.store(Arc::new(listing));
    }

    fn announce(self: &Arc<Self>) {
        if let Some(audience) = self.audience.upgrade() {
            audience.changed(self);
        }
    }
}

/// Every list.
pub(crate) const ALL_KINDS: u8 = 0b1111;

/// The bit of a list in a set of kinds.
pub(crate) const fn bit(kind: Kind) -> u8 {
    1 << kind as u8
}

/// Ends a session, and the process under it.
pub(super) async fn stop(instance: &Instance, process: Option<stdio::Process>) {
    match process {
        Some(process) => process.stop().await,
        None => instance.peer().end("it was stopped"),
    }
}

/// A half-started session: dropping it stops what runs.
pub(super) struct Starting {
    process: Option<stdio::Process>,
    peer: Arc<Peer>,
    armed: bool,
}

impl Starting {
    /// The start has succeeded: nothing is stopped any more.
    pub(super) fn succeed(mut self) -> Option<stdio::Process> {
        self.armed = false;
        self.process.take()
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        match &self.process {
            _ if !self.armed => {}
            Some(process) => process.begin_stop(),
            None => self.peer.end("it was given up"),
        }
    }
}

#[cfg(test)]
mod tests;
