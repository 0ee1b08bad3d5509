//! How long a child that does not stay up is left alone.

use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::Instant;

/// Longest pause after the first failure in a row; it doubles with each one.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A session that lived this long is no failure of its start: a new row begins.
const HEALTHY: Duration = Duration::from_secs(60);
/// Failures in a row after which a child is parked.
const PARK_AFTER: u32 = 5;
/// How often a parked child is tried by itself.
pub(super) const RETRY: Duration = Duration::from_secs(60);
/// How long ago the last try of a parked child must be for a call to cause another one.
pub(super) const ON_DEMAND: Duration = Duration::from_secs(30);

/// Starts that failed, and sessions that ended early, in a row.
#[derive(Debug, Default)]
pub(super) struct Row {
    failures: u32,
    parked: Option<Instant>,
}

impl Row {
    /// A start has failed, or a session has ended that lived so long.
    pub(super) fn add(&mut self, lived: Option<Duration>) {
        if lived.is_some() {
            self.parked = None;
        }
        if lived.is_some_and(|lived| lived >= HEALTHY) {
            self.clear();
        }
        self.failures = self.failures.saturating_add(1);
    }

    /// Somebody has seen to it: what was before does not count.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        self.failures
    }

    /// The child is parked: since when, and whether that is new.
    pub(super) fn park(&mut self) -> (Instant, bool) {
        let new = self.parked.is_none();
        (*self.parked.get_or_insert_with(Instant::now), new)
    }

    /// Whether the child is to be left alone for longer.
    pub(super) fn is_loop(&self) -> bool {
        self.failures >= PARK_AFTER
    }

    /// How long to wait before the next start: any time up to a bound that doubles, so that children
    /// that died together are not all started in one moment.
    pub(super) fn pause(&self) -> Duration {
        part_of(self.longest())
    }

    fn longest(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures.saturating_sub(1));
        FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
    }
}

/// A random part of a time, from none to all of it.
fn part_of(whole: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without randomness the whole will do.
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => whole.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)),
        Err(_) => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_are_drawn_from_the_whole_of_it() {
        let mut row = Row::default();
        let longest: Vec<_> = (0..40)
            .map(|_| {
                row.add(None);
                assert!(row.pause() <= row.longest());
                row.longest()
            })
            .collect();
        let expected = [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000];
        assert_eq!(longest[..9], expected.map(Duration::from_millis));
        assert_eq!(longest[39], LONGEST_PAUSE);
        let drawn: Vec<_> = (0..200).map(|_| row.pause()).collect();
        assert!(drawn.iter().any(|pause| *pause < LONGEST_PAUSE / 4));
        assert!(drawn.iter().any(|pause| *pause > LONGEST_PAUSE / 4 * 3));
    }

    #[test]
    fn a_session_of_a_minute_begins_a_new_row() {
        let mut row = Row::default();
        for _ in 0..3 {
            row.add(Some(HEALTHY - Duration::from_millis(1)));
        }
        row.add(None);
        assert!(!row.is_loop());
        row.add(None);
        assert!(row.is_loop());
        row.add(Some(HEALTHY));
        assert_eq!(row.len(), 1);
        assert!(!row.is_loop());
    }
}
