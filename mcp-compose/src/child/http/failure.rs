//! What the answers and errors of HTTP mean for a call.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use crate::wire::ErrorObject;
use crate::wire::message::code;
use crate::wire::peer::{Delivered, Failure};

/// What a failed exchange with the server at `origin` means. Errors of the HTTP library show URLs, so only the
/// innermost cause is told.
pub(super) fn of_error(origin: &str, error: &reqwest::Error) -> Failure {
    let cause = cause(error);
    if error.is_connect() || error.is_builder() {
        lost(
            Delivered::No,
            format!("cannot connect to {origin}: {cause}"),
        )
    } else {
        lost(
            Delivered::Maybe,
            format!("the connection to {origin} broke: {cause}"),
        )
    }
}

/// A call whose connection failed.
pub(super) fn lost(delivered: Delivered, reason: impl Into<Arc<str>>) -> Failure {
    Failure::Lost {
        delivered,
        reason: reason.into(),
    }
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
    let (reason, text) = match status.as_u16() {
        300..=399 => (
            "child_protocol_error",
            format!("the server redirects elsewhere (HTTP {status}); use the final URL"),
        ),
        401 | 403 => (
            "upstream_auth",
            format!("the server refuses our credentials (HTTP {status})"),
        ),
        429 => (
            "overloaded",
            format!("the server wants fewer requests (HTTP {status})"),
        ),
        500.. => (
            "child_unavailable",
            format!("the server answered HTTP {status}"),
        ),
        _ => (
            "child_protocol_error",
            format!("the server answered HTTP {status}"),
        ),
    };
    let refused = !status.is_server_error() && status != StatusCode::REQUEST_TIMEOUT;
    let delivered = if refused { "no" } else { "maybe" };
    let mut data = format!(
        "{{\"mcpCompose\":{{\"reason\":\"{reason}\",\"delivered\":\"{delivered}\",\"status\":{}",
        status.as_u16()
    );
    if let Some(wait) = retry_after(headers) {
        data.push_str(&format!(",\"retryAfterMs\":{}", wait.as_millis()));
    }
    data.push_str("}}");
    Failure::Error(ErrorObject::with_data(code::INTERNAL, &text, Some(&data)))
}

/// Credentials for the request could not be had; nothing was sent.
pub(super) fn no_credentials() -> Failure {
    refused(
        "upstream_auth",
        Delivered::No,
        "no credentials could be obtained for this request",
    )
}

/// The answer is not one: `what` the server sent instead.
pub(super) fn not_an_answer(what: &str) -> Failure {
    let text = format!("the server answered with {what}");
    refused("child_protocol_error", Delivered::Maybe, &text)
}

/// The answer has more than `max` bytes.
pub(super) fn too_large(max: usize) -> Failure {
    let text = format!("the answer is larger than the {max} bytes that are allowed");
    refused("result_too_large", Delivered::Maybe, &text)
}

fn refused(reason: &str, delivered: Delivered, text: &str) -> Failure {
    let delivered = match delivered {
        Delivered::No => "no",
        Delivered::Maybe => "maybe",
    };
    let data =
        format!("{{\"mcpCompose\":{{\"reason\":\"{reason}\",\"delivered\":\"{delivered}\"}}}}");
    Failure::Error(ErrorObject::with_data(code::INTERNAL, text, Some(&data)))
}

/// `Retry-After` in seconds; dates are not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    seconds
        .parse::<u32>()
        .ok()
        .map(|seconds| Duration::from_secs(seconds.into()))
}
