//! What a child does that it should not: counted, and told in the log at a pace that a log can bear.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::wire::peer::{Oddity, lock};

/// How often the log sums up.
const MINUTE: Duration = Duration::from_secs(60);
/// Lines that are no message, within a minute, that make a child unhealthy.
const MUCH_JUNK: u64 = 100;
/// Answers to what was never asked, within a minute, that make a child unhealthy.
const MANY_UNASKED: u64 = 10;

/// Oddities of one child over all its sessions.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    totals: [AtomicU64; Oddity::ALL.len()],
    minute: Mutex<Minute>,
}

/// Those since a while, at least as long as none were told of in the log.
#[derive(Debug, Default)]
struct Minute {
    began: Option<Instant>,
    counts: [u64; Oddity::ALL.len()],
    unhealthy: bool,
}

impl Counters {
    /// Notes an oddity of the child that people call `label`. Gives how many there were of its kind within the minute.
    pub(crate) fn note(&self, label: &str, what: Oddity) -> u64 {
        self.totals[what as usize].fetch_add(1, Ordering::Relaxed);
        let mut minute = lock(&self.minute);
        let now = Instant::now();
        let began = *minute.began.get_or_insert(now);
        if now - began >= MINUTE {
            let told = std::mem::take(&mut *minute);
            minute.began = Some(now);
            tracing::warn!(child = label, "since a minute or more: {}", told.summary());
        }
        minute.counts[what as usize] += 1;
        let count = minute.counts[what as usize];
        if minute.is_unhealthy() && !std::mem::replace(&mut minute.unhealthy, true) {
            tracing::warn!(
                child = label,
                "it is unhealthy: within a minute, {}",
                minute.summary()
            );
        }
        count
    }

    /// How many there were in all.
    #[cfg(test)]
    pub(crate) fn total(&self, what: Oddity) -> u64 {
        self.totals[what as usize].load(Ordering::Relaxed)
    }

    /// What is wrong with what the child sends now, in words; `None` while it is bearable.
    pub(crate) fn complaint(&self) -> Option<String> {
        let minute = lock(&self.minute);
        let now = minute.began.is_some_and(|began| began.elapsed() < MINUTE);
        (now && minute.unhealthy).then(|| format!("within a minute, {}", minute.summary()))
    }
}

impl Minute {
    fn is_unhealthy(&self) -> bool {
        self.counts[Oddity::Junk as usize] > MUCH_JUNK
            || self.counts[Oddity::Unasked as usize] > MANY_UNASKED
    }

    fn summary(&self) -> String {
        let counted = Oddity::ALL.iter().zip(self.counts);
        let parts: Vec<_> = counted
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{count} {}", words(*what)))
            .collect();
        parts.join(", ")
    }
}

fn words(what: Oddity) -> &'static str {
    match what {
        Oddity::Junk => "lines that are no message",
        Oddity::Unasked => "answers to what was never asked",
        Oddity::Repeated => "answers to what was answered already",
        Oddity::Late => "late answers",
        Oddity::Progress => "progress reports left out",
        Oddity::Unread => "notifications left out",
        Oddity::Refused => "requests refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a09_a_child_is_unhealthy_for_as_long_as_it_is_noisy() {
        let counters = Counters::default();
        for _ in 0..MUCH_JUNK {
            counters.note("noisy", Oddity::Junk);
        }
        assert_eq!(counters.complaint(), None);
        assert_eq!(counters.note("noisy", Oddity::Junk), MUCH_JUNK + 1);
        let complaint = counters.complaint().expect("it is unhealthy");
        assert_eq!(complaint, "within a minute, 101 lines that are no message");
        tokio::time::advance(MINUTE).await;
        assert_eq!(counters.complaint(), None);
        assert_eq!(counters.note("noisy", Oddity::Junk), 1);
        assert_eq!(counters.total(Oddity::Junk), MUCH_JUNK + 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a19_answers_that_nobody_asked_for_make_a_child_unhealthy() {
        let counters = Counters::default();
        for _ in 0..=MANY_UNASKED {
            assert_eq!(counters.complaint(), None);
            counters.note("guessing", Oddity::Unasked);
        }
        assert!(counters.complaint().is_some());
    }
}
