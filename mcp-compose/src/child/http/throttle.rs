//! A server that wants fewer requests gets none for as long as it says.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};
use tokio::time::Instant;

use crate::wire::peer::lock;

/// How long nothing is sent where the server names no time.
const DEFAULT: Duration = Duration::from_secs(1);
/// How long nothing is sent at most, whatever the server asks for.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest time that is handed on to clients.
const LONGEST_TOLD: Duration = Duration::from_secs(24 * 60 * 60);

/// The windows in which one child's server wants no requests. All sessions of the child share it.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    /// There may be a window: all that most requests look at.
    active: AtomicBool,
    window: Mutex<Option<Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    /// Nothing is sent until then.
    end: Instant,
    /// The server wants nothing until then.
    asked: Instant,
}

impl Throttle {
    /// The server answered 429; `after` is what it said about the time.
    pub(super) fn note(&self, after: Option<Duration>) {
        self.note_at(after, Instant::now());
    }

    fn note_at(&self, after: Option<Duration>, now: Instant) {
        let after = after.unwrap_or(DEFAULT).min(LONGEST_TOLD);
        let mut window = lock(&self.window);
        let before = window.unwrap_or(Window {
            end: now,
            asked: now,
        });
        *window = Some(Window {
            end: before.end.max(now + after.min(LONGEST)),
            asked: before.asked.max(now + after),
        });
        self.active.store(true, Ordering::Release);
    }

    /// Waits until requests are welcome. One that cannot wait so long, since it must be done by `deadline`, learns
    /// when to come again.
    pub(super) async fn turn(&self, deadline: Option<Instant>) -> Result<(), Duration> {
        while self.active.load(Ordering::Acquire) {
            match self.look(deadline, Instant::now()) {
                Turn::Now => {}
                Turn::At(time) => tokio::time::sleep_until(time).await,
                Turn::Never(after) => return Err(after),
            }
        }
        Ok(())
    }

    fn look(&self, deadline: Option<Instant>, now: Instant) -> Turn {
        let mut window = lock(&self.window);
        match *window {
            Some(Window { end, asked }) if now < end => match deadline {
                // Longer than is waited for: whoever waits now would wait again.
                Some(deadline) if asked > end || end >= deadline => Turn::Never(asked - now),
                _ => Turn::At(end),
            },
            _ => {
                *window = None;
                self.active.store(false, Ordering::Release);
                Turn::Now
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Now,
    At(Instant),
    /// Not before the deadline; when to come again.
    Never(Duration),
}

/// `Retry-After` as a time from now, in seconds or as a date; `None` where it says neither.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST_TOLD));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let left = date.duration_since(now).unwrap_or_default();
    Some(left.min(LONGEST_TOLD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn b05_retry_after_is_seconds_or_a_date_and_bounded() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let date = |after: Duration| httpdate::fmt_http_date(now + after);
        for (text, read) in [
            ("0", Some(Duration::ZERO)),
            (" 7 ", Some(SECOND * 7)),
            ("1000000000", Some(LONGEST_TOLD)),
            ("99999999999999999999999999", Some(LONGEST_TOLD)),
            (&date(SECOND * 30), Some(SECOND * 30)),
            (
                &httpdate::fmt_http_date(now - SECOND * 30),
                Some(Duration::ZERO),
            ),
            (&date(LONGEST_TOLD * 9), Some(LONGEST_TOLD)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("Fri, 99 Foo 2026 00:00:00 GMT", None),
        ] {
            let value = HeaderValue::from_str(text).unwrap();
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value)]);
            assert_eq!(retry_after(&headers, now), read, "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn b05_calls_wait_if_their_deadline_allows_and_learn_when_to_come_again_if_not() {
        let now = Instant::now();
        let throttle = Throttle::default();
        throttle.note_at(Some(SECOND * 10), now);
        let deadline = Some(now + SECOND * 20);
        assert_eq!(throttle.look(deadline, now), Turn::At(now + SECOND * 10));
        assert_eq!(throttle.look(None, now), Turn::At(now + SECOND * 10));
        let deadline = Some(now + SECOND * 5);
        assert_eq!(throttle.look(deadline, now), Turn::Never(SECOND * 10));
        // A later word does not shorten what was asked for.
        throttle.note_at(Some(SECOND), now);
        assert_eq!(throttle.look(None, now), Turn::At(now + SECOND * 10));
        assert_eq!(throttle.look(deadline, now + SECOND * 10), Turn::Now);
        assert!(!throttle.active.load(Ordering::Acquire));
    }

    #[test]
    fn b05_no_server_keeps_its_clients_away_for_more_than_a_minute_at_a_time() {
        let now = Instant::now();
        let throttle = Throttle::default();
        throttle.note_at(Some(Duration::MAX), now);
        let deadline = Some(now + SECOND * 3600);
        assert_eq!(throttle.look(deadline, now), Turn::Never(LONGEST_TOLD));
        assert_eq!(throttle.look(None, now), Turn::At(now + LONGEST));
        assert_eq!(throttle.look(deadline, now + LONGEST), Turn::Now);
    }

    #[test]
    fn b05_a_server_that_names_no_time_gets_a_short_rest() {
        let now = Instant::now();
        let throttle = Throttle::default();
        throttle.note_at(None, now);
        assert_eq!(throttle.look(None, now), Turn::At(now + DEFAULT));
    }
}
