//! Which session of a child a call is made on, and the life of those that belong to one client.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

use super::handshake::{Introduced, Introduction};
use super::instance::Instance;
use super::pool::{Holder, Lease, Next, Reserved, Wanted};
use super::supervisor::{Child, Unavailable, stop};
use crate::compose::{ChildEra, ChildSource, Isolation};
use crate::wire::peer::Cause;
use crate::wire::version::Era;

/// How long a call waits for a process of its client that serves another call: starting a second
/// one costs more.
const PATIENCE: Duration = Duration::from_millis(250);
/// Sessions of one child that may be starting at once.
pub(super) const STARTS: usize = 4;

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
            self.instance().await?;
        }
        if matches!(self.place(wanted), Place::Shared) {
            let instance = self.instance().await?;
            if instance.owner().is_none() {
                return Ok(Lease::shared(instance));
            }
        }
        match self.lease_own(wanted).await {
            // It has turned out to be modern only.
            Err(_) if self.is_modern_after_all(wanted) => Ok(Lease::shared(self.instance().await?)),
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
        let opened_here = !matches!(
            self.spec.source,
            ChildSource::Local(_) | ChildSource::Session(_)
        );
        opened_here && self.spec.options.isolation != Isolation::Shared
    }

    fn place(&self, wanted: &Wanted) -> Place {
        if !self.is_separable() {
            return Place::Shared;
        }
        if self.spec.options.isolation == Isolation::PerClient {
            return Place::Own;
        }
        if wanted.told == self.plain {
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
            && wanted.told != self.plain
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
                return Err(gone("it was stopped"));
            }
            let patient = began.elapsed() < patience;
            match self
                .pool
                .next(wanted, options.max_instances.max(1), patient)
            {
                Next::Use(lease) => return Ok(lease),
                Next::Start(reserved) => match self.left_alone() {
                    None => return self.start_own(reserved).await,
                    Some(why) => {
                        reserved.fail(why.clone());
                        return Err(why);
                    }
                },
                Next::Join(failed) => {
                    // A start has a bound of its own.
                    changes.await;
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
        self.tasks
            .spawn(Arc::clone(self).live_own(reserved, hand_over));
        lease.await.unwrap_or_else(|_| Err(gone("it was stopped")))
    }

    /// The whole life of a session that belongs to one client.
    async fn live_own(
        self: Arc<Self>,
        reserved: Reserved,
        hand_over: oneshot::Sender<Result<Lease, Unavailable>>,
    ) {
        let given_up = reserved.given_up().clone();
        let greeting = async {
            // Never closed.
            let _turn = self.starts.acquire().await;
            let Wanted {
                holder, told, era, ..
            } = reserved.wanted.clone();
            let client = Introduced { holder, told, era };
            self.greet(Introduction::One(client)).await
        };
        let started = tokio::select! {
            biased;
            () = self.ending.cancelled() => Err("it was stopped".to_owned()),
            () = given_up.cancelled() => Err("the client has left".to_owned()),
            started = greeting => started,
        };
        let (instance, starting) = match started {
            Ok(started) => started,
            Err(reason) => {
                tracing::warn!(child = %self.label, "a session for one client did not start: {reason}");
                let why = gone(&reason);
                reserved.fail(why.clone());
                let _ = hand_over.send(Err(why));
                return;
            }
        };
        if self.is_modern_after_all(&reserved.wanted) {
            // A session of its own would be for nothing: its questions are results.
            let why = gone("it speaks 2026-07-28 only");
            reserved.fail(why.clone());
            let _ = hand_over.send(Err(why));
            return;
        }
        let Some(lease) = reserved.succeed(&instance) else {
            let _ = hand_over.send(Err(gone("the client has left")));
            return;
        };
        let process = starting.succeed();
        if let Some(audience) = self.audience.upgrade() {
            audience.started(&self, &instance);
        }
        // A lease that nobody waits for any more is free with this.
        let _ = hand_over.send(Ok(lease));
        self.watch_own(&instance).await;
        self.pool.remove(&instance);
        stop(&instance, process).await;
    }

    /// Waits until a session ends, is not wanted any more, or has long been unused.
    async fn watch_own(&self, instance: &Arc<Instance>) {
        let idle_after = self.spec.options.idle_after;
        while let Some(idle_at) = self.pool.idle_at(instance, idle_after) {
            tokio::select! {
                biased;
                () = instance.stopping().cancelled() => return,
                () = self.ending.cancelled() => return,
                () = instance.peer().closed() => {
                    let reason = instance.peer().ended().map_or("it ended", |reason| reason);
                    tracing::warn!(child = %self.label, "a session for one client: {reason}");
                    return;
                }
                () = tokio::time::sleep_until(idle_at) => {}
            }
        }
    }
}

fn gone(reason: &str) -> Unavailable {
    Unavailable {
        cause: Cause::Unavailable,
        reason: reason.into(),
        retry_after: None,
    }
}
