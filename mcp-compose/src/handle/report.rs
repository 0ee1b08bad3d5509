//! What is known of a child's life.

use std::time::Duration;

use tokio::time::Instant;

use crate::child::supervisor::{self, Phase};
use crate::compose::ChildEra;
use crate::wire::version::Era;

/// Where a child's life stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Not started: nobody needed it yet, or nobody has for long.
    Idle,
    /// On its way.
    Starting,
    /// It can be called.
    Ready,
    /// It is down, and is started again when it is needed, or after a pause.
    Down {
        /// What happened.
        reason: String,
        /// The rest of the pause.
        retry_in: Duration,
    },
    /// It did not stay up and is left alone: calls fail at once. It is tried again now and then, and
    /// when it is [restarted](crate::Child::restart).
    Parked {
        /// What happened, what it last wrote to stderr, and what to do.
        reason: String,
        /// The time until the next try.
        retry_in: Duration,
    },
    /// It has ended for good.
    Stopped {
        /// Why.
        reason: String,
    },
}

/// What is known of a child's life: see [`Child::report`](crate::Child::report).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Where its life stands.
    pub status: Status,
    /// How long it has stood there.
    pub lasting: Duration,
    /// How it is spoken to, or was in its latest session: never [`ChildEra::Auto`]. `None`: it never
    /// ran.
    pub era: Option<ChildEra>,
    /// The version of the protocol that was agreed with it then.
    pub version: Option<String>,
    /// How many sessions for all clients there were after the first one.
    pub restarts: u64,
    /// What went wrong last, however long ago: why it did not start, or ended.
    pub last_failure: Option<String>,
    /// What is wrong with what it sends or answers now, though it is up: much that is no message, say.
    pub complaint: Option<String>,
}

impl Report {
    pub(super) fn of_nothing(status: Status) -> Self {
        Self {
            status,
            lasting: Duration::ZERO,
            era: None,
            version: None,
            restarts: 0,
            last_failure: None,
            complaint: None,
        }
    }

    pub(crate) fn of(child: &supervisor::Child) -> Self {
        let (profile, record) = (child.profile(), child.record());
        Self {
            status: Status::of(child.phase()),
            lasting: record.since.elapsed(),
            era: profile.as_ref().map(|profile| match profile.era {
                Era::Legacy => ChildEra::Legacy,
                Era::Modern => ChildEra::Modern,
            }),
            version: profile.map(|profile| profile.version.clone()),
            restarts: record.sessions.saturating_sub(1),
            last_failure: record.failure.map(|failure| failure.to_string()),
            complaint: child
                .counters
                .complaint()
                .or_else(|| child.held_back().map(|why| why.reason.to_string())),
        }
    }
}

impl Status {
    fn of(phase: Phase) -> Self {
        let until = |at: Instant| at.saturating_duration_since(Instant::now());
        match phase {
            Phase::Idle | Phase::Asleep => Self::Idle,
            Phase::Starting => Self::Starting,
            Phase::Ready => Self::Ready,
            Phase::Down { reason, retry_at } => Self::Down {
                reason: reason.to_string(),
                retry_in: until(retry_at),
            },
            Phase::Parked {
                reason, retry_at, ..
            } => Self::Parked {
                reason: reason.to_string(),
                retry_in: until(retry_at),
            },
            Phase::Stopped { reason } => Self::Stopped {
                reason: reason.to_string(),
            },
        }
    }
}
