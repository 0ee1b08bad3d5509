//! What tells processes of ours from all others, also when they have left the group that they were
//! started in: a variable that they hand on to whatever they start.
//!
//! A process that is to outlive the child on purpose is started without it, and in a session of its
//! own.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::rand::{SecureRandom as _, SystemRandom};

/// The variable. Its value is `RUN:NUMBER`.
pub(super) const VARIABLE: &str = "MCP_COMPOSE_CHILD";

/// The mark of one child process and of all that it starts.
#[derive(Debug, Clone)]
pub(super) struct Mark(String);

impl Mark {
    /// One that no other process has.
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{}:{number}", run()))
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

/// The part that is the same in all marks of this program while it runs.
pub(super) fn run() -> &'static str {
    static RUN: LazyLock<String> = LazyLock::new(|| {
        let mut bytes = [0; 16];
        if SystemRandom::new().fill(&mut bytes).is_ok() {
            return format!("{:032x}", u128::from_ne_bytes(bytes));
        }
        // Without random numbers: what no other program has at the same time.
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        format!("{:08x}{:024x}", std::process::id(), since.as_nanos())
    });
    &RUN
}
