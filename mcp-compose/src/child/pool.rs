//! The sessions of a child that belong to one client each, and who may use them now.
//!
//! A session that was told what its client can be asked belongs to that client for its whole life:
//! not even a question that comes late can reach another.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::asks::Told;
use super::instance::Instance;
use super::supervisor::Unavailable;
use crate::wire::peer::lock;
use crate::wire::version::Era;

/// Bounds of the time for which a session may be unused: no busy loop, and no clock overflows.
const LEAST_IDLE: Duration = Duration::from_millis(1);
const MOST_IDLE: Duration = Duration::from_secs(365 * 24 * 3600);

/// Who a session can belong to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// A connection.
    Client(u64),
    /// Whoever stateless requests are made for.
    Principal(Arc<str>),
}

impl Holder {
    /// A text that no other holder has.
    pub(crate) fn name(&self) -> Arc<str> {
        match self {
            Self::Client(id) => format!("client {id}").into(),
            Self::Principal(name) => Arc::clone(name),
        }
    }
}

/// What a call needs of the session that it is made on.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Who the call is made for.
    pub(crate) holder: Holder,
    /// What the child may ask while it serves the call.
    pub(crate) told: Told,
    /// No other call may use the session meanwhile, so that every question is this call's.
    pub(crate) alone: bool,
    /// The era of the client.
    pub(crate) era: Era,
}

/// The right to make a call on a session, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    instance: Arc<Instance>,
    /// Where the use is counted; `None` for the session that all share.
    pool: Option<Arc<Pool>>,
    alone: bool,
}

impl Lease {
    /// A lease on the session that all share.
    pub(super) fn shared(instance: Arc<Instance>) -> Self {
        Self {
            instance,
            pool: None,
            alone: false,
        }
    }

    /// The call has not come to its end: what the child still says about it must not reach another.
    ///
    /// A session that serves one stateless call after the other is not used again then. One of a
    /// connection is: all its questions go to that connection, whichever call they come from.
    pub(crate) fn taint(&self) {
        if let (Some(pool), Some(Holder::Principal(_)), true) =
            (&self.pool, self.instance.owner(), self.alone)
        {
            pool.spoil(&self.instance);
        }
    }
}

impl std::ops::Deref for Lease {
    type Target = Arc<Instance>;

    fn deref(&self) -> &Arc<Instance> {
        &self.instance
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(pool) = &self.pool {
            pool.free(&self.instance);
        }
    }
}

/// The sessions of single clients.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    state: Mutex<State>,
    /// A session or a place has become free, or a start has failed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<Member>,
    starts: Vec<Start>,
    next_start: u64,
}

#[derive(Debug)]
struct Member {
    instance: Arc<Instance>,
    /// The child's one session, owned because there is one client only. The supervisor stops it.
    supervised: bool,
    users: usize,
    /// The one user must stay the only one.
    alone: bool,
    /// Not to be used again.
    spoilt: bool,
    unused_since: Instant,
}

/// A session on its way.
#[derive(Debug)]
struct Start {
    id: u64,
    wanted: Wanted,
    given_up: CancellationToken,
    failed: Failed,
}

/// Why a start failed, once it has.
pub(super) type Failed = Arc<OnceLock<Unavailable>>;

/// What is to be done for a call.
#[derive(Debug)]
pub(super) enum Next {
    /// Make it.
    Use(Lease),
    /// Start a session for it, in the place that is reserved here.
    Start(Reserved),
    /// Wait for a session that is being started and can serve this call as well.
    Join(Failed),
    /// Wait for a session that can be used, a little while: one like it is in use.
    WaitALittle,
    /// Wait for a session or a place.
    Wait,
}

impl Member {
    fn is_of(&self, wanted: &Wanted) -> bool {
        self.instance.owner() == Some(&wanted.holder)
            && *self.instance.told() == wanted.told
            && !self.spoilt
            && self.instance.is_alive()
    }

    fn takes(&self, wanted: &Wanted) -> bool {
        self.is_of(wanted) && (self.users == 0 || !(self.alone || wanted.alone))
    }

    /// Whether it can be stopped without anybody's noticing.
    fn is_idle(&self) -> bool {
        self.users == 0 && !self.supervised && !self.instance.is_kept()
    }
}

impl State {
    fn member(&mut self, instance: &Arc<Instance>) -> Option<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| Arc::ptr_eq(&member.instance, instance))
    }

    /// Takes a session out: it is not used any more, and its task stops it.
    fn stop(&mut self, instance: &Arc<Instance>) {
        self.members
            .retain(|member| !Arc::ptr_eq(&member.instance, instance));
        instance.stopping().cancel();
    }
}

impl Pool {
    /// Changes of the pool from now on. A waiter that looks after this misses none.
    pub(super) fn changes(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// A session that can serve the call now, if there is one.
    pub(super) fn take(self: &Arc<Self>, wanted: &Wanted) -> Option<Lease> {
        self.take_of(&mut lock(&self.state), wanted)
    }

    fn take_of(self: &Arc<Self>, state: &mut State, wanted: &Wanted) -> Option<Lease> {
        // The one that was used last, so that what is too many becomes idle.
        let member = state
            .members
            .iter_mut()
            .filter(|member| member.takes(wanted))
            .max_by_key(|member| (member.supervised, member.unused_since))?;
        member.users += 1;
        member.alone = wanted.alone;
        Some(Lease {
            instance: Arc::clone(&member.instance),
            pool: Some(Arc::clone(self)),
            alone: wanted.alone,
        })
    }

    /// What is to be done for the call, where `max` sessions may run. `patient`: rather wait than
    /// start a second session for the same client.
    pub(super) fn next(self: &Arc<Self>, wanted: &Wanted, max: usize, patient: bool) -> Next {
        let mut state = lock(&self.state);
        if let Some(lease) = self.take_of(&mut state, wanted) {
            return Next::Use(lease);
        }
        let joined = |start: &&Start| {
            let same = start.wanted.holder == wanted.holder && start.wanted.told == wanted.told;
            same && !start.wanted.alone && !wanted.alone
        };
        if let Some(start) = state.starts.iter().find(joined) {
            return Next::Join(Arc::clone(&start.failed));
        }
        if patient && state.members.iter().any(|member| member.is_of(wanted)) {
            return Next::WaitALittle;
        }
        let owned = state.members.iter().filter(|member| !member.supervised);
        if owned.count() + state.starts.len() >= max {
            let idle = state.members.iter().filter(|member| member.is_idle());
            let Some(longest) = idle.min_by_key(|member| member.unused_since) else {
                return Next::Wait;
            };
            let instance = Arc::clone(&longest.instance);
            state.stop(&instance);
        }
        Next::Start(self.reserve(&mut state, wanted))
    }

    fn reserve(self: &Arc<Self>, state: &mut State, wanted: &Wanted) -> Reserved {
        state.next_start += 1;
        let start = Start {
            id: state.next_start,
            wanted: wanted.clone(),
            given_up: CancellationToken::new(),
            failed: Failed::default(),
        };
        let reserved = Reserved {
            pool: Arc::clone(self),
            id: start.id,
            wanted: wanted.clone(),
            given_up: start.given_up.clone(),
            failed: Arc::clone(&start.failed),
        };
        state.starts.push(start);
        reserved
    }

    /// Adds the child's one session, which belongs to the only client.
    pub(super) fn adopt(&self, instance: &Arc<Instance>) {
        lock(&self.state).members.push(Member {
            instance: Arc::clone(instance),
            supervised: true,
            users: 0,
            alone: false,
            spoilt: false,
            unused_since: Instant::now(),
        });
        self.changed.notify_waiters();
    }

    /// A session has ended.
    pub(super) fn remove(&self, instance: &Arc<Instance>) {
        lock(&self.state)
            .members
            .retain(|member| !Arc::ptr_eq(&member.instance, instance));
        self.changed.notify_waiters();
    }

    fn free(&self, instance: &Arc<Instance>) {
        {
            let mut state = lock(&self.state);
            if let Some(member) = state.member(instance) {
                member.users -= 1;
                if member.users == 0 {
                    member.alone = false;
                    member.unused_since = Instant::now();
                    if member.spoilt {
                        state.stop(instance);
                    }
                }
            }
        }
        self.changed.notify_waiters();
    }

    fn spoil(&self, instance: &Arc<Instance>) {
        if let Some(member) = lock(&self.state).member(instance) {
            member.spoilt = true;
        }
    }

    /// When a session will have been unused for `idle_after`, if nothing uses it until then. `None`
    /// once it is to be stopped.
    pub(super) fn idle_at(
        &self,
        instance: &Arc<Instance>,
        idle_after: Duration,
    ) -> Option<Instant> {
        let mut state = lock(&self.state);
        let member = state.member(instance)?;
        let now = Instant::now();
        // What is in use now cannot have been unused for so long any earlier.
        let idle_after = idle_after.clamp(LEAST_IDLE, MOST_IDLE);
        if !member.is_idle() {
            return Some(now + idle_after);
        }
        let at = member.unused_since + idle_after;
        if at > now {
            return Some(at);
        }
        state.stop(instance);
        None
    }

    /// A client has left: its sessions end, and those on their way.
    pub(super) fn release(&self, holder: &Holder) {
        {
            let mut state = lock(&self.state);
            for start in state.starts.iter().filter(|s| s.wanted.holder == *holder) {
                start.given_up.cancel();
            }
            for instance in state.of(holder) {
                if state.member(&instance).is_some_and(|one| !one.supervised) {
                    state.stop(&instance);
                }
            }
        }
        self.changed.notify_waiters();
    }

    /// Every session of a single client ends; those on their way are left to come.
    pub(super) fn stop_all(&self) {
        {
            let mut state = lock(&self.state);
            let own = state.members.iter().filter(|member| !member.supervised);
            let instances: Vec<_> = own.map(|member| Arc::clone(&member.instance)).collect();
            for instance in instances {
                state.stop(&instance);
            }
        }
        self.changed.notify_waiters();
    }

    /// Every session of a single client.
    pub(super) fn all(&self) -> Vec<Arc<Instance>> {
        let state = lock(&self.state);
        let members = state.members.iter();
        members.map(|member| Arc::clone(&member.instance)).collect()
    }

    /// The running sessions of a client.
    pub(super) fn of(&self, holder: &Holder) -> Vec<Arc<Instance>> {
        lock(&self.state).of(holder)
    }
}

impl State {
    fn of(&self, holder: &Holder) -> Vec<Arc<Instance>> {
        self.members
            .iter()
            .map(|member| &member.instance)
            .filter(|instance| instance.owner() == Some(holder) && instance.is_alive())
            .cloned()
            .collect()
    }
}

/// A place for a session that is being started, until it is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    pool: Arc<Pool>,
    id: u64,
    pub(super) wanted: Wanted,
    given_up: CancellationToken,
    failed: Failed,
}

impl Reserved {
    /// Fires when the session is not wanted any more.
    pub(super) fn given_up(&self) -> &CancellationToken {
        &self.given_up
    }

    /// The session runs: it takes its place, and the first call has it. `None` if it is not wanted
    /// any more.
    pub(super) fn succeed(self, instance: &Arc<Instance>) -> Option<Lease> {
        let mut state = lock(&self.pool.state);
        if self.given_up.is_cancelled() {
            return None;
        }
        state.members.push(Member {
            instance: Arc::clone(instance),
            supervised: false,
            users: 1,
            alone: self.wanted.alone,
            spoilt: false,
            unused_since: Instant::now(),
        });
        drop(state);
        Some(Lease {
            instance: Arc::clone(instance),
            pool: Some(Arc::clone(&self.pool)),
            alone: self.wanted.alone,
        })
    }

    /// The session cannot be had; whoever waits for this very start is told.
    pub(super) fn fail(self, why: Unavailable) {
        let _ = self.failed.set(why);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        lock(&self.pool.state)
            .starts
            .retain(|start| start.id != self.id);
        self.pool.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
