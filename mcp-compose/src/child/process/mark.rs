//! What tells processes of ours from all others, also when they have left the group that they were
//! started in: a variable that they hand on to whatever they start.
//!
//! A process that is to outlive the child on purpose is started without it, and in a session of its
//! own.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::child::circle;
use crate::child::not_started::NotStarted;
use crate::random;

/// The variable. Its value is `RUN:NUMBER:DEPTH`.
pub(super) const VARIABLE: &str = "MCP_COMPOSE_CHILD";

/// So many compositions may run one within the other. One that has itself among its children would start itself
/// without end.
const MAX_DEPTH: u8 = 8;

/// The mark of one child process and of all that it starts.
#[derive(Debug, Clone)]
pub(super) struct Mark(String);

impl Mark {
    /// One that no other process has.
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{}:{number}:{}", run(), depth().saturating_add(1)))
    }

    /// The value of the variable.
    pub(super) fn value(&self) -> &str {
        &self.0
    }

    /// Whether this environment, as the system tells it, has the mark.
    #[cfg(target_os = "linux")]
    pub(super) fn is_in(&self, environment: &[u8]) -> bool {
        environment
            .split(|byte| *byte == 0)
            .filter_map(|entry| entry.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"="))
            .any(|value| value == self.0.as_bytes())
    }
}

/// Why this program may start no children: it is too deep among compositions that start each other.
pub(super) fn too_deep() -> Option<NotStarted> {
    (depth() >= MAX_DEPTH).then(|| {
        let reason = format!(
            "it is not started: this composition runs within {MAX_DEPTH} others, each started by the one before; probably one has itself among its children"
        );
        circle::closed_by(&reason, "take it out of its own children")
    })
}

/// In how many compositions this program runs.
fn depth() -> u8 {
    static DEPTH: LazyLock<u8> =
        LazyLock::new(|| depth_of(&std::env::var(VARIABLE).unwrap_or_default()));
    *DEPTH
}

/// As a mark tells it; one without is that of an earlier version.
fn depth_of(mark: &str) -> u8 {
    let depth = mark.split(':').nth(2);
    depth.and_then(|depth| depth.parse().ok()).unwrap_or(0)
}

/// The part that is the same in all marks of this program while it runs.
pub(super) fn run() -> &'static str {
    static RUN: LazyLock<String> = LazyLock::new(|| {
        random::id().unwrap_or_else(|| {
            // What no other program has at the same time.
            let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
            format!("{:08x}{:024x}", std::process::id(), since.as_nanos())
        })
    });
    &RUN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_how_deep_its_process_is() {
        assert_eq!(depth_of(Mark::new().value()), depth() + 1);
        for (mark, depth) in [
            ("", 0),
            ("00ff:3", 0),
            ("00ff:3:7", 7),
            ("00ff:3:9999", 0),
            ("a:b:c", 0),
        ] {
            assert_eq!(depth_of(mark), depth, "{mark}");
        }
    }
}
