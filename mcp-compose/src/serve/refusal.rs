//! Errors for calls that this server does not take, whichever front they came by.

use std::time::Duration;

use crate::wire::message::ErrorObject;
use crate::wire::peer::{Cause, Delivered};

/// The code of these errors, outside the ranges that the specification allocates.
const NOT_TAKEN: i64 = -32000;
/// When a client that was turned away may try again.
const SOON: Duration = Duration::from_millis(500);
/// When another server, or this one started anew, may be there.
const AFTER_RESTART: Duration = Duration::from_secs(2);

/// The server ends.
pub(super) fn draining() -> ErrorObject {
    error(
        Cause::Draining,
        "the server is stopping and takes no new calls; retry in a moment",
        AFTER_RESTART,
    )
}

/// Too much is in flight: `what` says of whom.
pub(super) fn overloaded(what: &str) -> ErrorObject {
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
