//! Errors for calls that this server does not take, whichever front they came by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::wire::message::ErrorObject;
use crate::wire::peer::{Cause, Delivered};

/// The code of these errors, outside the ranges that the specification allocates.
const NOT_TAKEN: i64 = -32000;
/// When a client that was turned away may try again.
const SOON: Duration = Duration::from_millis(500);
/// When another server, or this one started anew, may be there.
const AFTER_RESTART: Duration = Duration::from_secs(2);

/// How many were turned away since the process started: with a server that ends, or has too much to do.
static DRAINING: AtomicU64 = AtomicU64::new(0);
static OVERLOADED: AtomicU64 = AtomicU64::new(0);

/// How many requests were not taken since the process started, by reason.
pub(crate) fn counts() -> [(&'static str, u64); 2] {
    [
        (Cause::Draining.as_str(), DRAINING.load(Ordering::Relaxed)),
        (
            Cause::Overloaded.as_str(),
            OVERLOADED.load(Ordering::Relaxed),
        ),
    ]
}

/// The server ends.
pub(super) fn draining() -> ErrorObject {
    DRAINING.fetch_add(1, Ordering::Relaxed);
    error(
        Cause::Draining,
        "the server is stopping and takes no new calls; retry in a moment",
        AFTER_RESTART,
    )
}

/// Too much is in flight: `what` says of whom.
pub(super) fn overloaded(what: &str) -> ErrorObject {
    OVERLOADED.fetch_add(1, Ordering::Relaxed);
    let message = format!("{what}; retry in a moment");
    error(Cause::Overloaded, &message, SOON)
}

fn error(cause: Cause, message: &str, after: Duration) -> ErrorObject {
    let data = format!(
        "{{\"mcpCompose\":{{\"reason\":\"{}\",\"delivered\":\"{}\",\"retryAfterMs\":{}}}}}",
        cause.as_str(),
        Delivered::No.as_str(),
        after.as_millis()
    );
    ErrorObject::with_data(NOT_TAKEN, message, Some(&data))
}
