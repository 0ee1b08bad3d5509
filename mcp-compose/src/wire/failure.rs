//! Why a request of ours has no result.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::message::ErrorObject;

/// Whether a failed call may have reached the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It was not sent, or certainly not looked at.
    No,
    /// It may have been read, and may have taken effect.
    Maybe,
}

impl Delivered {
    /// As errors tell it to programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
        }
    }
}

/// What kind of failure it was, for programs: `error.data.mcpCompose.reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The child did not start: no such program, no handshake, no answer in time.
    StartFailed,
    /// The child, or the connection to it, ended while the call was under way.
    Exited,
    /// The child sent what the protocol does not allow.
    Protocol,
    /// The child took too long.
    Timeout,
    /// The child cannot be called now: it is parked, its breaker is open, or it cannot be reached.
    Unavailable,
    /// Too much is asked for at once.
    Overloaded,
    /// The client cancelled the call.
    Cancelled,
    /// This server ends and takes no new calls.
    Draining,
    /// The child's server refuses our credentials.
    Auth,
    /// The answer is larger than is allowed.
    TooLarge,
    /// A question of the child was not answered.
    Unanswered,
    /// The user declined what the call depends on.
    Declined,
    /// The call goes from composition to composition, and probably round in circles.
    Cycle,
}

impl Cause {
    /// As errors tell it to programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::StartFailed => "child_start_failed",
            Self::Exited => "child_exited",
            Self::Protocol => "child_protocol_error",
            Self::Timeout => "child_timeout",
            Self::Unavailable => "child_unavailable",
            Self::Overloaded => "overloaded",
            Self::Cancelled => "cancelled",
            Self::Draining => "draining",
            Self::Auth => "upstream_auth",
            Self::TooLarge => "result_too_large",
            Self::Unanswered => "question_unanswered",
            Self::Declined => "declined",
            Self::Cycle => "cycle",
        }
    }
}

/// Why a call has no result.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The other side answered with an error.
    Error(ErrorObject),
    /// There is no answer of the other side.
    Lost(Lost),
    /// Too many messages wait for the other side; nothing was sent.
    Overloaded,
}

/// What is known of a call that got no answer.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    /// Whether the call may have arrived.
    pub(crate) delivered: Delivered,
    /// For programs.
    pub(crate) cause: Cause,
    /// What happened, for people.
    pub(crate) reason: Arc<str>,
    /// What they can do about it, where that is known.
    pub(crate) advice: Option<Cow<'static, str>>,
    /// When another try makes sense, if the other side said so.
    pub(crate) retry_after: Option<Duration>,
}

impl Lost {
    /// A call whose connection failed.
    pub(crate) fn exited(delivered: Delivered, reason: impl Into<Arc<str>>) -> Self {
        Self::new(Cause::Exited, delivered, reason)
    }

    /// A call that got no answer for this cause.
    pub(crate) fn new(cause: Cause, delivered: Delivered, reason: impl Into<Arc<str>>) -> Self {
        Self {
            delivered,
            cause,
            reason: reason.into(),
            advice: None,
            retry_after: None,
        }
    }

    /// As it is, with what to do about it.
    pub(crate) fn advise(self, advice: impl Into<Cow<'static, str>>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// Whether the same call can be sent at once again: the connection had failed before it arrived.
    pub(crate) fn may_be_sent_again(&self) -> bool {
        let connection = matches!(self.cause, Cause::Exited | Cause::Unavailable);
        connection && self.delivered == Delivered::No && self.retry_after.is_none()
    }
}

/// What happened, and what to do about it.
impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}
