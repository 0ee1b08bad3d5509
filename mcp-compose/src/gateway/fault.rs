//! Errors that the relay gives itself. Each names the child, what happened, and what to do.

use std::time::Duration;

use crate::child::supervisor::{Child, Unavailable};
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Cause, Delivered, Lost};
use crate::wire::{Object, json};

/// The code of a call that a child did not finish, outside the ranges that the specification allocates.
pub(crate) const CHILD_FAILED: i64 = -32000;
/// The code of a call that took too long.
pub(crate) const TIMED_OUT: i64 = -32001;

/// An error about a child.
pub(crate) struct Fault<'a> {
    pub(crate) code: i64,
    pub(crate) child: &'a Child,
    /// For programs.
    pub(crate) reason: Cause,
    /// For people and models.
    pub(crate) message: String,
    pub(crate) delivered: Delivered,
    pub(crate) retry_after: Option<Duration>,
}

impl From<Fault<'_>> for ErrorObject {
    fn from(fault: Fault<'_>) -> Self {
        let mut ours = Object::default();
        ours.set("child", json::quote(&fault.child.label));
        ours.set("reason", json::quote(fault.reason.as_str()));
        ours.set("delivered", json::quote(fault.delivered.as_str()));
        if let Some(after) = fault.retry_after {
            ours.set("retryAfterMs", after.as_millis().to_string());
        }
        let data = format!("{{\"mcpCompose\":{}}}", ours.to_json());
        let message = format!("child \"{}\": {}", fault.child.label, fault.message);
        Self::with_data(fault.code, &message, Some(&data))
    }
}

/// The child cannot be called now.
pub(crate) fn unavailable(child: &Child, why: &Unavailable) -> ErrorObject {
    let advice = why.retry_after.map(retry_in).unwrap_or_default();
    Fault {
        code: CHILD_FAILED,
        child,
        reason: why.cause,
        message: format!("{}{advice}", why.reason),
        delivered: Delivered::No,
        retry_after: why.retry_after,
    }
    .into()
}

/// There is no answer of the child.
pub(crate) fn lost(child: &Child, lost: &Lost) -> ErrorObject {
    // Of the connection that broke only this call knows; the child may well be there.
    let back_in = match lost.cause {
        Cause::Exited | Cause::Timeout if lost.retry_after.is_none() => child.back_in(),
        _ => None,
    };
    let restart = match back_in {
        Some(after) => format!("; it is being restarted{}", retry_in(after)),
        None => String::new(),
    };
    let effect = match (lost.cause, lost.delivered) {
        // What to do is said already, or the same again would meet the same.
        (Cause::Auth | Cause::TooLarge | Cause::Protocol, Delivered::No) => "",
        (Cause::Overloaded | Cause::Unavailable, Delivered::No) => {
            "; the call did not reach it; retry later"
        }
        (_, Delivered::No) => "; the call did not reach it; retry",
        (_, Delivered::Maybe) => {
            "; the call was running and may have taken effect; check before you retry"
        }
    };
    Fault {
        code: CHILD_FAILED,
        child,
        reason: lost.cause,
        message: format!("{}{effect}{restart}", lost.reason),
        delivered: lost.delivered,
        retry_after: lost.retry_after.or(back_in),
    }
    .into()
}

/// What to do where another try makes sense after a while.
fn retry_in(after: Duration) -> String {
    format!("; retry in {:.1} s", after.as_secs_f32().max(0.1))
}

/// The child took too long.
pub(crate) fn timed_out(child: &Child, after: Duration) -> ErrorObject {
    Fault {
        code: TIMED_OUT,
        child,
        reason: Cause::Timeout,
        message: format!(
            "no answer within {} s; the call was cancelled there and may have taken effect",
            after.as_secs_f32()
        ),
        delivered: Delivered::Maybe,
        retry_after: None,
    }
    .into()
}

/// The child does not read as fast as it is called.
pub(crate) fn overloaded(child: &Child) -> ErrorObject {
    Fault {
        code: CHILD_FAILED,
        child,
        reason: Cause::Overloaded,
        message: "too many calls wait for it; retry in a moment".to_owned(),
        delivered: Delivered::No,
        retry_after: Some(Duration::from_millis(500)),
    }
    .into()
}

/// The call has come through too many compositions.
pub(crate) fn circling(child: &Child, hops: u64) -> ErrorObject {
    Fault {
        code: CHILD_FAILED,
        child,
        reason: Cause::Cycle,
        message: format!(
            "the call has come through {hops} compositions and is not passed on; probably one of them has itself among its children's children"
        ),
        delivered: Delivered::No,
        retry_after: None,
    }
    .into()
}

/// The client cancelled the call.
pub(crate) fn cancelled() -> ErrorObject {
    let data = format!(
        "{{\"mcpCompose\":{{\"reason\":\"{}\"}}}}",
        Cause::Cancelled.as_str()
    );
    ErrorObject::with_data(CHILD_FAILED, "the request was cancelled", Some(&data))
}

/// Params that are not what the method takes.
pub(crate) fn invalid_params(why: &str) -> ErrorObject {
    ErrorObject::new(code::INVALID_PARAMS, why)
}

/// A `requestState` that is not honoured.
pub(crate) fn state_refused(why: &str) -> ErrorObject {
    ErrorObject::new(
        code::INVALID_PARAMS,
        &format!("`requestState` is refused: {why}"),
    )
}

/// The child asks, with a state that is too long to be given to a client.
pub(crate) fn state_too_long(child: &Child) -> ErrorObject {
    bad_question(
        child,
        "its `requestState` is longer than a client can give back",
    )
}

/// The child asks what it may not, or not so.
pub(crate) fn bad_question(child: &Child, why: &str) -> ErrorObject {
    Fault {
        code: CHILD_FAILED,
        child,
        reason: Cause::Protocol,
        message: format!("it asks what it may not: {why}"),
        delivered: Delivered::Maybe,
        retry_after: None,
    }
    .into()
}

/// The client did not answer the child's question.
pub(crate) fn unanswered(child: &Child, error: &ErrorObject) -> ErrorObject {
    Fault {
        code: CHILD_FAILED,
        child,
        reason: Cause::Unanswered,
        message: format!(
            "its question was not answered, so that the call has no result: {}",
            error.message()
        ),
        delivered: Delivered::Maybe,
        retry_after: None,
    }
    .into()
}

/// The user did not want to open the page that a call depends on.
pub(crate) fn page_declined(child: &Child) -> ErrorObject {
    Fault {
        code: CHILD_FAILED,
        child,
        reason: Cause::Declined,
        message: "it wants a page to be opened first, which was declined".to_owned(),
        delivered: Delivered::No,
        retry_after: None,
    }
    .into()
}
