//! Which session of a child a call is made on, and the life of those that belong to one client.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

use super::handshake::{Introduced, Introduction};
use super::instance::Instance;
use super::not_started::NotStarted;
use super::pool::{Holder, Lease, Next, Reserved, Wanted};
use super::supervisor::{Child, Unavailable, stalled, stop};
use crate::compose::{ChildEra, ChildSource, Isolation};
use crate::wire::peer::Cause;
use crate::wire::version::Era;

/// How long a call waits for a process of its client that serves another call: starting a second
/// one costs more.
const PATIENCE: Duration = Duration::from_millis(250);
/// Sessions of one child that may be starting at once.
pub(super) const STARTS: usize = 4;
/// A session that lived no longer than this is not started again by itself.
const ENDS_AT_ONCE: Duration = Duration::from_secs(5);

/// Whose session a call is made on.
enum Place {
    /// The one that all share.
    Shared,
    /// One of its client's.
    Own,
    /// That depends on the era that the child speaks, which nobody has found out yet.
    Unknown,
}

impl Child {
    /// The session to make a call on, if that can be told without waiting.
    pub(crate) fn lease_now(&self, wanted: &Wanted) -> Option<Lease> {
        match self.place(wanted) {
            Place::Shared => {
                let instance = self.running()?;
                if instance.owner().is_none() {
                    return Some(Lease::shared(instance));
                }
                self.pool.take(wanted)
            }
            Place::Own => self.pool.take(wanted),
            Place::Unknown => None,
        }
    }

    /// As [`Child::lease_now`]; starts a session, or waits for one, where that must be.
    pub(crate) async fn lease(self: &Arc<Self>, wanted: &Wanted) -> Result<Lease, Unavailable> {
        if matches!(self.place(wanted), Place::Unknown) {
            self.instance_for_call().await?;
        }
        if matches!(self.place(wanted), Place::Shared) {
            let instance = self.instance_for_call().await?;
            if instance.owner().is_none() {
                return Ok(Lease::shared(instance));
            }
        }
        match self.lease_own(wanted).await {
            // It has turned out to be modern only.
            Err(_) if self.is_modern_after_all(wanted) => {
                Ok(Lease::shared(self.instance_for_call().await?))
            }
            leased => leased,
        }
    }

    /// The running sessions of a connection.
    pub(crate) fn held(&self, client: u64) -> Vec<Arc<Instance>> {
        self.held_by(&Holder::Client(client))
    }

    /// The running sessions of a client.
    pub(crate) fn held_by(&self, holder: &Holder) -> Vec<Arc<Instance>> {
        self.pool.of(holder)
    }

    /// The client is gone, and its sessions with it.
    pub(crate) fn release(&self, client: u64) {
        self.pool.release(&Holder::Client(client));
    }

    /// Whether a call of this kind can be made on another session than the one that all share.
    pub(crate) fn separates(&self, wanted: &Wanted) -> bool {
        matches!(self.place(wanted), Place::Own)
    }

    /// Whether clients can have sessions of their own.
    pub(super) fn is_separable(&self) -> bool {
        self.is_renewable() && self.spec.options.isolation != Isolation::Shared
    }

    fn place(&self, wanted: &Wanted) -> Place {
        if !self.is_separable() {
            return Place::Shared;
        }
        if self.spec.options.isolation == Isolation::PerClient {
            return Place::Own;
        }
        if wanted.told.asks_as(&self.plain) {
            return Place::Shared;
        }
        match &*self.known.load() {
            None => Place::Unknown,
            Some(profile) if profile.era == Era::Modern && !self.may_speak_legacy(wanted) => {
                Place::Shared
            }
            Some(_) => Place::Own,
        }
    }

    /// Whether a modern child may have a legacy session for a client of that era.
    fn may_speak_legacy(&self, wanted: &Wanted) -> bool {
        wanted.era == Era::Legacy
            && self.spec.options.era == ChildEra::Auto
            && !self.modern_only.load(Ordering::Acquire)
    }

    /// Whether a legacy session was tried for such a client, and the child has none.
    fn is_modern_after_all(&self, wanted: &Wanted) -> bool {
        self.modern_only.load(Ordering::Acquire)
            && !wanted.told.asks_as(&self.plain)
            && matches!(self.place(wanted), Place::Shared)
    }

    async fn lease_own(self: &Arc<Self>, wanted: &Wanted) -> Result<Lease, Unavailable> {
        let options = &self.spec.options;
        let began = Instant::now();
        let patience = match self.spec.source {
            ChildSource::Http(_) => Duration::ZERO,
            _ => PATIENCE,
        };
        loop {
            let mut changes = pin!(self.pool.changes());
            changes.as_mut().enable();
            if self.ending.is_cancelled() {
                return Err(Unavailable::new("it was stopped"));
            }
            let patient = began.elapsed() < patience;
            match self
                .pool
                .next(wanted, options.max_instances.max(1), patient)
            {
                Next::Use(lease) => return Ok(lease),
                Next::Start(reserved) => match self.is_parked().or_else(|| self.held_back()) {
                    None => return self.start_own(reserved).await,
                    Some(why) => {
                        reserved.fail(why.clone());
                        return Err(why);
                    }
                },
                Next::Join(failed) => {
                    let left = options.timeout.saturating_sub(began.elapsed());
                    if timeout(left, changes).await.is_err() {
                        return Err(self.late(options.timeout));
                    }
                    if let Some(why) = failed.get() {
                        return Err(why.clone());
                    }
                }
                Next::WaitALittle => {
                    let _ = timeout_at(began + patience, changes).await;
                }
                Next::Wait => {
                    let late = timeout(options.timeout.saturating_sub(began.elapsed()), changes);
                    if late.await.is_err() {
                        return Err(Unavailable {
                            cause: Cause::Overloaded,
                            reason: format!(
                                "all {} sessions that it may have for single clients are in use; retry in a moment, or raise `max_instances`",
                                options.max_instances
                            )
                            .into(),
                            retry_after: None,
                        });
                    }
                }
            }
        }
    }

    /// Starts a session in a task of its own: whoever gives up its call leaves it to the next one.
    async fn start_own(self: &Arc<Self>, reserved: Reserved) -> Result<Lease, Unavailable> {
        let (hand_over, lease) = oneshot::channel();
        self.common
            .tasks
            .spawn(Arc::clone(self).live_own(reserved, hand_over));
        let bound = self.spec.options.timeout;
        match timeout(bound, lease).await {
            Ok(lease) => lease.unwrap_or_else(|_| Err(Unavailable::new("it was stopped"))),
            Err(_) => Err(self.late(bound)),
        }
    }

    /// The whole life of a session that belongs to one client.
    async fn live_own(
        self: Arc<Self>,
        reserved: Reserved,
        hand_over: oneshot::Sender<Result<Lease, Unavailable>>,
    ) {
        let given_up = reserved.given_up().clone();
        let wanted = reserved.wanted.clone();
        let greeting = async {
            // Never closed.
            let _turn = self.starts.acquire().await;
            let Wanted {
                holder, told, era, ..
            } = wanted.clone();
            let client = Introduced { holder, told, era };
            self.greet(Introduction::One(client)).await
        };
        let started = tokio::select! {
            biased;
            () = self.ending.cancelled() => Err(NotStarted::from("it was stopped")),
            () = given_up.cancelled() => Err("the client has left".into()),
            started = greeting => started,
        };
        let (instance, starting) = match started {
            Ok(started) => started,
            Err(why) => {
                tracing::warn!(child = %self.label, "a session for one client did not start: {why}");
                let why = Unavailable {
                    cause: why.cause_or(Cause::StartFailed),
                    ..Unavailable::new(why.to_string())
                };
                reserved.fail(why.clone());
                let _ = hand_over.send(Err(why));
                return;
            }
        };
        if self.is_modern_after_all(&reserved.wanted) {
            // A session of its own would be for nothing: its questions are results.
            let why = Unavailable::new("it speaks 2026-07-28 only");
            reserved.fail(why.clone());
            let _ = hand_over.send(Err(why));
            return;
        }
        let Some(lease) = reserved.succeed(&instance) else {
            let _ = hand_over.send(Err(Unavailable::new("the client has left")));
            return;
        };
        let process = starting.succeed();
        if let Some(audience) = self.common.audience.upgrade() {
            audience.started(&self, &instance);
        }
        // A lease that nobody waits for any more is free with this.
        let _ = hand_over.send(Ok(lease));
        let began = Instant::now();
        let died = self.watch_own(&instance).await;
        let missed = died && began.elapsed() > ENDS_AT_ONCE && instance.is_kept();
        self.pool.remove(&instance);
        stop(&instance, process.as_ref()).await;
        if missed {
            self.renew(wanted).await;
        }
    }

    /// Starts another session for a client that waits for what its former one was to tell. Once, and
    /// where that fails, the client's next call does it.
    fn renew(self: Arc<Self>, wanted: Wanted) -> BoxFuture<'static, ()> {
        let wanted = Wanted {
            alone: false,
            ..wanted
        };
        async move {
            let lease = tokio::select! {
                lease = self.lease(&wanted) => lease,
                () = self.ending.cancelled() => return,
            };
            if let Err(why) = lease {
                tracing::debug!(child = %self.label, "a session for one client is not there again: {}", why.reason);
            }
        }
        .boxed()
    }

    /// Waits until a session ends, is not wanted any more, or has long been unused. `true`: it has
    /// ended by itself.
    async fn watch_own(&self, instance: &Arc<Instance>) -> bool {
        let idle_after = self.spec.options.idle_after;
        let mut stalled = pin!(stalled(instance));
        while let Some(idle_at) = self.pool.idle_at(instance, idle_after) {
            tokio::select! {
                biased;
                () = instance.stopping().cancelled() => return false,
                () = self.ending.cancelled() => return false,
                () = instance.peer().closed() => {
                    let reason = instance.peer().ended().map_or("it ended", |reason| reason);
                    tracing::warn!(child = %self.label, "a session for one client: {reason}");
                    return true;
                }
                // It has been given up, which is seen next.
                () = &mut stalled => instance.peer().closed().await,
                () = tokio::time::sleep_until(idle_at) => {}
            }
        }
        false
    }
}
