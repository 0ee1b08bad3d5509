//! A declared child: what it lists, where its life stands, and the session that serves it.

mod health;
mod life;
mod pauses;
mod start;
mod wait;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::asks::{self, Told};
use super::circle::Identity;
use super::counters::Counters;
use super::handshake::{Introduced, Profile};
use super::http;
use super::instance::{InFlight, Instance};
use super::lease::STARTS;
use super::listing::{Kind, Listing};
use super::not_started::NotStarted;
use super::pool::Pool;
use super::turns::Turns;
use crate::compose::{ChildSource, ChildSpec};
use crate::observe::figures::Figures;
use crate::wire::peer::{Cause, Peer, lock};
use crate::wire::version::Era;
use crate::wire::{Notification, Request};

pub(super) use health::stalled;
pub(super) use start::stop;
pub(crate) use wait::Unavailable;

/// How long a call may wait for its turn at a child that is busy.
const QUEUE_WAIT: Duration = Duration::from_secs(5);

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

    /// Whether somebody wants to hear of a resource at this session.
    fn is_watched(&self, child: &Child, instance: &Instance) -> bool;
}

/// What all children of a composition have in common.
#[derive(Clone)]
pub(crate) struct Common {
    /// Where typed servers run.
    pub(crate) runtime: Handle,
    pub(crate) audience: Weak<dyn Audience>,
    /// Where what lives as long as a session runs.
    pub(crate) tasks: TaskTracker,
    pub(crate) turns: Turns,
    /// That of the composition.
    pub(crate) identity: Identity,
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
    /// Nobody has needed it for long, and it was stopped. The next call starts it.
    Asleep,
    /// Down; it is started again after a pause or when it is needed.
    Down {
        /// What happened, for people.
        reason: Arc<str>,
        /// When the next start is allowed.
        retry_at: Instant,
    },
    /// It does not stay up, and is left alone for a while: calls fail at once.
    Parked {
        /// For programs.
        cause: Cause,
        /// What happened and what to do, for people.
        reason: Arc<str>,
        /// Since when.
        since: Instant,
        /// When it was last tried.
        tried: Instant,
        /// When it is tried again by itself.
        retry_at: Instant,
    },
    /// Ended for good.
    Stopped {
        /// Why, for people.
        reason: Arc<str>,
    },
}

/// What is known of a child's life.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Since when its phase is what it is.
    pub(crate) since: Instant,
    /// How many sessions for all clients have been ready.
    pub(crate) sessions: u64,
    /// What went wrong last.
    pub(crate) failure: Option<Arc<NotStarted>>,
}

/// A declared child and the session that serves it.
pub(crate) struct Child {
    /// Unique within the gateway, never used again.
    pub(crate) id: u64,
    /// What people call it.
    pub(crate) label: String,
    pub(crate) spec: ChildSpec,
    pub(super) common: Common,
    current: ArcSwapOption<Instance>,
    /// The profile of the latest session, kept while the child is down.
    pub(super) known: ArcSwapOption<Profile>,
    listing: ArcSwap<Listing>,
    phase: watch::Sender<Phase>,
    record: Mutex<Record>,
    /// Somebody needs the child.
    wanted: Notify,
    /// Somebody wants it started now, whatever has been.
    restarted: Notify,
    /// A bit for each [`Kind`] whose list changed.
    dirty: AtomicU8,
    dirtied: Notify,
    /// What it does that it should not.
    pub(crate) counters: Counters,
    /// What is counted of its calls.
    pub(crate) figures: Figures,
    pub(super) http: OnceLock<http::HttpConfig>,
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
            .field("counters", &self.counters)
            .field("complaint", &self.counters.complaint())
            .finish_non_exhaustive()
    }
}

impl Child {
    pub(crate) fn new(id: u64, label: String, spec: ChildSpec, common: Common) -> Arc<Self> {
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
            common,
            current: ArcSwapOption::empty(),
            known: ArcSwapOption::empty(),
            listing: ArcSwap::default(),
            phase: watch::channel(first).0,
            record: Mutex::new(Record {
                since: Instant::now(),
                sessions: 0,
                failure: None,
            }),
            wanted: Notify::new(),
            restarted: Notify::new(),
            dirty: AtomicU8::new(0),
            dirtied: Notify::new(),
            counters: Counters::default(),
            figures: Figures::default(),
            http: OnceLock::new(),
            slots: Arc::new(Semaphore::new(max_in_flight)),
            ending: CancellationToken::new(),
            pool: Arc::default(),
            starts: Semaphore::new(STARTS),
            plain,
            era: Mutex::default(),
            modern_only: AtomicBool::new(false),
        })
    }

    /// What the child listed last.
    pub(crate) fn listing(&self) -> Arc<Listing> {
        self.listing.load_full()
    }

    /// Shows what `before` listed, in the place of which it is to stand, until it has lists of its own.
    pub(crate) fn begin_as(&self, before: &Self) {
        self.listing.store(before.listing());
        self.known.store(before.profile());
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

    /// What is known of its life so far.
    pub(crate) fn record(&self) -> Record {
        lock(&self.record).clone()
    }

    /// Whether it serves from this process.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.spec.source, ChildSource::Local(_))
    }

    /// Whether another session can be had where one has ended, and nothing else ends with it.
    pub(super) fn is_renewable(&self) -> bool {
        !matches!(
            self.spec.source,
            ChildSource::Local(_) | ChildSource::Session(_)
        )
    }

    /// The running session, if there is one.
    pub(crate) fn running(&self) -> Option<Arc<Instance>> {
        self.current
            .load_full()
            .filter(|instance| instance.is_alive())
    }

    /// How many calls are in flight, and how many may be.
    #[cfg(feature = "admin")]
    pub(crate) fn in_flight(&self) -> (usize, usize) {
        let most = self
            .spec
            .options
            .max_in_flight
            .clamp(1, Semaphore::MAX_PERMITS);
        (most - self.slots.available_permits().min(most), most)
    }

    /// A place among the calls in flight. Where all are taken, the call waits a little, and is
    /// refused after that.
    pub(crate) async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(permit);
        }
        let _queued = self.figures.queue();
        tokio::time::timeout(QUEUE_WAIT, Arc::clone(&self.slots).acquire_owned())
            .await
            .ok()?
            .ok()
    }

    /// The calls in flight, on all its sessions.
    pub(crate) fn calls(&self) -> Vec<InFlight> {
        let shared = self.running();
        let mut sessions = self.pool.all();
        // Where there is one client only, the session of all is its own as well.
        sessions.extend(shared.filter(|shared| shared.owner().is_none()));
        sessions
            .iter()
            .flat_map(|session| session.in_flight())
            .collect()
    }

    /// Ends every session, with its process; the one that all share is started again, and at once
    /// where the child was left alone. A child that nobody has needed yet is not started.
    pub(crate) fn restart(&self) {
        self.pool.stop_all();
        match self.phase() {
            Phase::Ready => {
                if let Some(instance) = self.running() {
                    instance.stopping().cancel();
                }
            }
            Phase::Down { .. } | Phase::Parked { .. } | Phase::Stopped { .. } => {
                self.restarted.notify_one();
            }
            Phase::Idle | Phase::Asleep | Phase::Starting => {}
        }
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
}

/// Every list.
pub(crate) const ALL_KINDS: u8 = 0b1111;

/// The bit of a list in a set of kinds.
pub(crate) const fn bit(kind: Kind) -> u8 {
    1 << kind as u8
}

#[cfg(test)]
mod tests;
