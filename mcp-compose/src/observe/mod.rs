//! What is seen of a running composition from outside: figures of its calls, metrics, traces.
//!
//! `figures` is what children and the relay count; it knows nothing of either. All else here reads
//! the gateway as the command line does, and nothing of it runs while nobody looks.

#[cfg(any(test, feature = "otel"))]
#[cfg_attr(
    not(feature = "otel"),
    allow(dead_code, reason = "the page that lists them is held to them")
)]
pub(crate) mod conventions;
pub(crate) mod figures;
#[cfg(feature = "otel")]
mod otel;
pub(crate) mod prometheus;
#[cfg(feature = "admin")]
pub(crate) mod snapshot;
pub(crate) mod trace;

/// Starts exporting traces and metrics of a composition of this name, if this program can and its
/// environment asks for it.
pub(crate) fn start(name: &str) {
    #[cfg(feature = "otel")]
    otel::start(name);
    #[cfg(not(feature = "otel"))]
    let _ = name;
}

/// Hands over what was recorded, within two seconds, at the end of the process.
pub(crate) async fn end() {
    #[cfg(feature = "otel")]
    otel::end().await;
}
