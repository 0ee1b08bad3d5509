//! What a process holds, and what a run leaves behind, on Linux.

use std::fs;
use std::time::Duration;

use super::check::Defect;
use crate::system::resident_kib;

/// The variable that every process of a run has in its environment.
pub const MARK: &str = "MCPC_RUN";

/// What a process holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Open files.
    pub files: usize,
    /// Processes that it started and that are not reaped.
    pub children: usize,
    /// Resident memory.
    pub kib: u64,
}

/// How much more may be there at the end.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Open files: connections that are about to close.
    pub files: usize,
    /// Resident memory, for what the allocator keeps.
    pub kib: u64,
}

impl Holding {
    /// Looks at a process.
    ///
    /// # Panics
    /// When there is no such process.
    pub fn of(pid: u32) -> Self {
        let count = |path: String| fs::read_dir(path).map_or(0, Iterator::count);
        let tasks = fs::read_dir(format!("/proc/{pid}/task"));
        let children = tasks
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .map(|task| {
                let children = fs::read_to_string(task.path().join("children"));
                children.map_or(0, |list| list.split_whitespace().count())
            });
        Self {
            files: count(format!("/proc/{pid}/fd")),
            children: children.sum(),
            kib: resident_kib(pid),
        }
    }

    /// What is more than it was.
    pub fn since(&self, before: &Self, bounds: &Bounds) -> Vec<Defect> {
        let mut leaks = Vec::new();
        let mut leak = |what: &str, now: u64, before: u64, bound: u64| {
            if now > before + bound {
                leaks.push(Defect::Leak(format!("{what}: {now}, and {before} before")));
            }
        };
        let files = bounds.files as u64;
        leak("files", self.files as u64, before.files as u64, files);
        leak("processes", self.children as u64, before.children as u64, 0);
        leak("KiB", self.kib, before.kib, bounds.kib);
        leaks
    }

    /// Looks until nothing is more than it was, and answers with what still is when `patience` is over.
    pub async fn back(
        pid: u32,
        before: &Self,
        bounds: &Bounds,
        patience: Duration,
    ) -> (Self, Vec<Defect>) {
        let mut look = tokio::time::interval(Duration::from_millis(200));
        let until = tokio::time::Instant::now() + patience;
        loop {
            look.tick().await;
            let now = Self::of(pid);
            let leaks = now.since(before, bounds);
            if leaks.is_empty() || tokio::time::Instant::now() > until {
                return (now, leaks);
            }
        }
    }
}

/// The processes of a run that are still there.
pub fn of_run(run: &str) -> Vec<(u32, String)> {
    let wanted = format!("{MARK}={run}");
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let marked = pids.filter(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable == wanted.as_bytes())
    });
    let named = marked.map(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        (pid, line)
    });
    named.collect()
}

/// Waits at most `patience` for all processes of a run to be gone, and answers with those that are not.
pub async fn orphans(run: &str, patience: Duration) -> Vec<Defect> {
    let mut look = tokio::time::interval(Duration::from_millis(50));
    let until = tokio::time::Instant::now() + patience;
    loop {
        look.tick().await;
        let left = of_run(run);
        if left.is_empty() || tokio::time::Instant::now() > until {
            let left = left.into_iter();
            return left
                .map(|(pid, line)| Defect::Orphan(format!("{pid}: {line}")))
                .collect();
        }
    }
}
