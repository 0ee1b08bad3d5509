//! What all sessions of one HTTP child know of its server, and heed.

use std::sync::Mutex;
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::breaker::Breaker;
use super::throttle::Throttle;
use crate::wire::peer::lock;

/// A session that was forgotten sooner than this is a sign of a server that forgets them all, such as several behind a
/// load balancer that share none.
const SHORT_LIFE: Duration = Duration::from_secs(10);
/// Sessions at such a server begin at most so often.
const PACE: Duration = Duration::from_secs(1);
/// Credentials that were refused are not renewed again within this time.
const RENEWAL_PAUSE: Duration = Duration::from_secs(5);
/// Refused credentials that are remembered.
const MAX_REFUSED: usize = 64;

/// One for each child.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) breaker: Breaker,
    pub(super) throttle: Throttle,
    pub(super) pace: Pace,
    pub(super) renewals: Renewals,
}

impl Gate {
    pub(super) fn new(failures: u32) -> Self {
        Self {
            breaker: Breaker::new(failures),
            throttle: Throttle::default(),
            pace: Pace::default(),
            renewals: Renewals::default(),
        }
    }
}

/// How often sessions may begin.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Slow>>);

#[derive(Debug, Clone, Copy)]
struct Slow {
    /// The first session after that may begin at any time.
    until: Instant,
    /// When the next one may begin.
    next: Instant,
}

impl Pace {
    /// A session was forgotten that began at `began`.
    pub(super) fn forgotten(&self, began: Instant, now: Instant) {
        if now.saturating_duration_since(began) < SHORT_LIFE {
            let mut slow = lock(&self.0);
            let next = slow.map_or(now, |slow| slow.next);
            let until = now + SHORT_LIFE;
            *slow = Some(Slow { until, next });
        }
    }

    /// When the next session may begin; it is taken to do so.
    pub(super) fn next(&self, now: Instant) -> Instant {
        let mut slow = lock(&self.0);
        match &mut *slow {
            Some(slow) if now < slow.until => {
                let turn = slow.next.max(now);
                slow.next = turn + PACE;
                turn
            }
            _ => {
                *slow = None;
                now
            }
        }
    }
}

/// Which credentials were refused, and whose turn it is to renew some.
#[derive(Debug)]
pub(super) struct Renewals {
    /// One at a time: whoever comes second finds what the first one got.
    pub(super) turn: Semaphore,
    refused: Mutex<Vec<Refused>>,
}

/// Its `Debug` shows header names only where values are marked as sensitive, so it has none.
struct Refused {
    credentials: HeaderMap,
    at: Instant,
}

impl std::fmt::Debug for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refused").finish_non_exhaustive()
    }
}

impl Default for Renewals {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
            refused: Mutex::default(),
        }
    }
}

impl Renewals {
    /// There was nothing better than these.
    pub(super) fn note(&self, credentials: HeaderMap, now: Instant) {
        let mut refused = lock(&self.refused);
        refused.retain(|known| {
            now.saturating_duration_since(known.at) < RENEWAL_PAUSE
                && known.credentials != credentials
        });
        if refused.len() >= MAX_REFUSED {
            refused.remove(0);
        }
        let at = now;
        refused.push(Refused { credentials, at });
    }

    /// Whether there was nothing better than these a moment ago, or since a request was sent with them.
    pub(super) fn are_vain(&self, credentials: &HeaderMap, sent: Instant, now: Instant) -> bool {
        lock(&self.refused).iter().any(|known| {
            let recent = now.saturating_duration_since(known.at) < RENEWAL_PAUSE;
            known.credentials == *credentials && (recent || known.at >= sent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn b15_sessions_at_a_server_that_forgets_them_begin_once_a_second() {
        let now = Instant::now();
        let pace = Pace::default();
        // Long sessions that a restart of the server ends are all begun again at once.
        for _ in 0..3 {
            pace.forgotten(now, now + SHORT_LIFE);
            assert_eq!(pace.next(now + SHORT_LIFE), now + SHORT_LIFE);
        }
        pace.forgotten(now, now);
        assert_eq!(pace.next(now), now);
        pace.forgotten(now, now);
        assert_eq!(pace.next(now), now + PACE);
        assert_eq!(pace.next(now), now + PACE * 2);
        let later = now + SHORT_LIFE + SECOND;
        assert_eq!(pace.next(later), later);
        assert_eq!(pace.next(later), later);
    }

    #[test]
    fn b01_refused_credentials_are_remembered_for_a_moment_and_not_without_bound() {
        let now = Instant::now();
        let renewals = Renewals::default();
        let headers = |n: usize| {
            let value = HeaderValue::from_str(&format!("Bearer {n}")).unwrap();
            HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
        };
        for n in 0..1000 {
            renewals.note(headers(n), now);
        }
        assert_eq!(lock(&renewals.refused).len(), MAX_REFUSED);
        assert!(renewals.are_vain(&headers(999), now, now));
        assert!(!renewals.are_vain(&headers(0), now, now));
        let later = now + RENEWAL_PAUSE;
        assert!(!renewals.are_vain(&headers(999), later, later));
        // Of a request that was under way meanwhile, they are not asked for again.
        assert!(renewals.are_vain(&headers(999), now, later));
        assert!(!format!("{renewals:?}").contains("999"));
    }
}
