//! What the answers and errors of HTTP mean for a call.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use crate::wire::peer::{Cause, Delivered, Failure, Lost};

/// What a failed exchange with the server at `origin` means. Errors of the HTTP library show URLs, so only the
/// innermost cause is told.
pub(super) fn of_error(origin: &str, error: &reqwest::Error) -> Failure {
    let cause = cause(error);
    if error.is_connect() || error.is_builder() {
        let reason = format!("cannot connect to {origin}: {cause}");
        Lost::new(Cause::Unavailable, Delivered::No, reason).into()
    } else {
        lost(
            Delivered::Maybe,
            format!("the connection to {origin} broke: {cause}"),
        )
    }
}

/// A call whose connection failed.
pub(super) fn lost(delivered: Delivered, reason: impl Into<Arc<str>>) -> Failure {
    Lost::exited(delivered, reason).into()
}

/// The innermost cause of an error.
pub(super) fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// A status that is no success, where the body says nothing more.
pub(super) fn of_status(status: StatusCode, headers: &HeaderMap) -> Failure {
    let (cause, text) = match status.as_u16() {
        300..=399 => (
            Cause::Protocol,
            format!("the server redirects elsewhere (HTTP {status}); use the final URL"),
        ),
        401 | 403 => (
            Cause::Auth,
            format!("the server refuses our credentials (HTTP {status})"),
        ),
        429 => (
            Cause::Overloaded,
            format!("the server wants fewer requests (HTTP {status})"),
        ),
        500.. => (
            Cause::Unavailable,
            format!("the server answered HTTP {status}"),
        ),
        _ => (
            Cause::Protocol,
            format!("the server answered HTTP {status}"),
        ),
    };
    let refused = !status.is_server_error() && status != StatusCode::REQUEST_TIMEOUT;
    let delivered = if refused {
        Delivered::No
    } else {
        Delivered::Maybe
    };
    Lost {
        retry_after: retry_after(headers),
        ..Lost::new(cause, delivered, text)
    }
    .into()
}

/// Credentials for the request could not be had; nothing was sent.
pub(super) fn no_credentials() -> Failure {
    let reason = "no credentials could be obtained for this request";
    Lost::new(Cause::Auth, Delivered::No, reason).into()
}

/// The answer is not one: `what` the server sent instead.
pub(super) fn not_an_answer(what: &str) -> Failure {
    let reason = format!("the server answered with {what}");
    Lost::new(Cause::Protocol, Delivered::Maybe, reason).into()
}

/// The answer has more than `max` bytes.
pub(super) fn too_large(max: usize) -> Failure {
    let reason = format!("the answer is larger than the {max} bytes that are allowed");
    Lost::new(Cause::TooLarge, Delivered::Maybe, reason).into()
}

/// `Retry-After` in seconds; dates are not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    seconds
        .parse::<u32>()
        .ok()
        .map(|seconds| Duration::from_secs(seconds.into()))
}
