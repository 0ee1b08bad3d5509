//! Limits of the system on what we may have open.

#[cfg(unix)]
use std::sync::OnceLock;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit of open files that we started with, if it was raised.
#[cfg(unix)]
static ORIGINAL: OnceLock<Rlimit> = OnceLock::new();

/// Raises the limit of open files as far as we may: connections and children are files, and the
/// usual limit of 1024 is there for programs that use `select`. For a program of our own only:
/// what a program that embeds us may open is its own decision.
#[cfg(unix)]
pub(crate) fn raise_open_files() {
    let before = getrlimit(Resource::Nofile);
    if before.current == before.maximum {
        return;
    }
    let raised = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => {
            let _ = ORIGINAL.set(before);
        }
        Err(error) => tracing::debug!(%error, "the limit of open files stays as it is"),
    }
}

/// Nothing to raise.
#[cfg(not(unix))]
pub(crate) fn raise_open_files() {}

/// The limit that children get; `None` where it was not changed.
#[cfg(unix)]
pub(super) fn original() -> Option<Rlimit> {
    ORIGINAL.get().cloned()
}
