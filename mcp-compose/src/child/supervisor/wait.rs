//! How calls wait for a child that does not run, and what they are told where waiting is no use.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::pauses::{FIRST_PAUSE, ON_DEMAND};
use super::{Child, Phase};
use crate::child::instance::Instance;
use crate::compose::Restart;
use crate::wire::peer::Cause;

/// Why a child cannot be called now.
#[derive(Debug, Clone)]
pub(crate) struct Unavailable {
    /// For programs.
    pub(crate) cause: Cause,
    /// What happened and what to do, for people.
    pub(crate) reason: Arc<str>,
    /// When another try makes sense.
    pub(crate) retry_after: Option<Duration>,
}

impl Unavailable {
    pub(in crate::child) fn new(reason: impl Into<Arc<str>>) -> Self {
        Self {
            cause: Cause::Unavailable,
            reason: reason.into(),
            retry_after: None,
        }
    }
}

impl Child {
    /// Starts the child if it waits to be needed.
    pub(crate) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Waits until the child has ended for good, with its processes.
    pub(crate) async fn stopped(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives as long as the child.
        let _ = phase
            .wait_for(|phase| matches!(phase, Phase::Stopped { .. }))
            .await;
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
    /// within its own start bound, over several tries if need be.
    pub(crate) async fn instance(&self) -> Result<Arc<Instance>, Unavailable> {
        self.instance_within(self.spec.options.start_bound()).await
    }

    /// As [`Child::instance`], for a call: it waits no longer than it may take.
    pub(in crate::child) async fn instance_for_call(&self) -> Result<Arc<Instance>, Unavailable> {
        let options = &self.spec.options;
        self.instance_within(options.start_bound().min(options.timeout))
            .await
    }

    async fn instance_within(&self, bound: Duration) -> Result<Arc<Instance>, Unavailable> {
        if let Some(instance) = self.running() {
            return Ok(instance);
        }
        tokio::time::timeout(bound, self.start_now())
            .await
            .unwrap_or_else(|_| Err(self.late(bound)))
    }

    async fn start_now(&self) -> Result<Arc<Instance>, Unavailable> {
        let mut phase = self.phase.subscribe();
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
                Phase::Idle | Phase::Asleep | Phase::Down { .. } => self.wanted.notify_one(),
                now @ (Phase::Parked { .. } | Phase::Stopped { .. }) => {
                    return Err(self.left_alone(&now).unwrap_or_else(gone));
                }
            }
            if phase.changed().await.is_err() {
                return Err(gone());
            }
        }
    }

    /// Why no session is to be started now, if the child is parked.
    pub(in crate::child) fn is_parked(&self) -> Option<Unavailable> {
        let phase = self.phase.borrow();
        matches!(*phase, Phase::Parked { .. })
            .then(|| self.left_alone(&phase))
            .flatten()
    }

    /// What is told of a child that is left alone. A call to one that was not tried for long has it
    /// tried, for the sake of the next call.
    fn left_alone(&self, phase: &Phase) -> Option<Unavailable> {
        match phase {
            Phase::Parked {
                cause,
                reason,
                tried,
                retry_at,
                ..
            } => {
                if tried.elapsed() >= ON_DEMAND {
                    self.wanted.notify_one();
                }
                Some(Unavailable {
                    cause: *cause,
                    reason: Arc::clone(reason),
                    retry_after: Some(retry_at.saturating_duration_since(Instant::now())),
                })
            }
            Phase::Stopped { reason } => Some(Unavailable {
                cause: self.start_cause(Cause::Unavailable),
                ..Unavailable::new(Arc::clone(reason))
            }),
            _ => None,
        }
    }

    /// A caller has waited as long as it may.
    pub(in crate::child) fn late(&self, bound: Duration) -> Unavailable {
        let last = match self.phase() {
            Phase::Down { reason, .. } => format!("; the last try: {reason}"),
            _ => String::new(),
        };
        Unavailable {
            cause: self.start_cause(Cause::StartFailed),
            reason: format!(
                "it did not start within {} s{last}; it is tried further, so call again later",
                bound.as_secs_f32()
            )
            .into(),
            retry_after: None,
        }
    }

    /// What calls are told of the child's last failure: `otherwise`, unless it is of a kind that they know.
    fn start_cause(&self, otherwise: Cause) -> Cause {
        let failure = self.record().failure;
        failure.map_or(otherwise, |why| why.cause_or(otherwise))
    }

    /// For a call of something that nobody knows and that may be the child's: why it has listed nothing
    /// yet. `None` where it has.
    pub(crate) fn never_listed(&self) -> Option<Unavailable> {
        if self.known.load().is_some() {
            return None;
        }
        let phase = self.phase.borrow();
        let (reason, after) = match &*phase {
            Phase::Down { reason, retry_at } => {
                let after = retry_at.saturating_duration_since(Instant::now());
                (format!("{reason}; it is started again"), Some(after))
            }
            Phase::Starting => ("it is still starting; call again later".to_owned(), None),
            other => return self.left_alone(other),
        };
        Some(Unavailable {
            cause: self.start_cause(Cause::StartFailed),
            reason: reason.into(),
            retry_after: after,
        })
    }

    /// For a call whose session has just ended: how soon another one may be there. `None` where none
    /// will be, or it is not known to be missing.
    pub(crate) fn back_in(&self) -> Option<Duration> {
        if self.running().is_some() || self.ending.is_cancelled() {
            return None;
        }
        match self.phase() {
            Phase::Down { retry_at, .. } | Phase::Parked { retry_at, .. } => {
                Some(retry_at.saturating_duration_since(Instant::now()))
            }
            Phase::Stopped { .. } => None,
            _ if !self.is_renewable() => None,
            // The supervisor has not seen it yet.
            _ => (self.spec.options.restart != Restart::Never).then_some(FIRST_PAUSE),
        }
    }
}

fn gone() -> Unavailable {
    Unavailable::new("it was removed")
}
