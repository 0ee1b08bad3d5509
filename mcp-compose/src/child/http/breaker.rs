//! A server that fails call after call is left alone for a while.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::wire::peer::lock;

/// Failures in a row after which a server is left alone, where nothing else is set.
pub(crate) const FAILURES: u32 = 5;
/// How long it is left alone first; the second time in a row is twice as long, and so on.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// When to come again, for calls that meet another one that tries the server out.
const SOON: Duration = Duration::from_secs(1);

/// What one child's calls know of how its server does. All sessions of the child share it.
///
/// Only what the connection does counts: no answer, half an answer, HTTP 5xx. A tool that reports an error is no
/// failure, and neither is a call that took too long.
#[derive(Debug)]
pub(crate) struct Breaker {
    /// 0: never left alone.
    threshold: u32,
    /// Nothing has failed since the last success: all that most calls look at.
    calm: AtomicBool,
    /// Failures that were counted so far.
    counted: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    standing: Standing,
    /// Pauses in a row, the present one included.
    pauses: u32,
    /// The latest failure.
    why: Arc<str>,
}

#[derive(Debug, Clone, Copy)]
enum Standing {
    /// Calls are sent; so many failed in a row.
    Closed(u32),
    /// None is sent until then.
    Open(Instant),
    /// One is sent, and decides.
    HalfOpen,
}

/// Where a [`Breaker`] stands, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Calls are sent.
    Closed,
    /// None is sent for this long; the reason is the latest failure.
    Open(Duration, Arc<str>),
    /// The next call that is sent, or one that is under way, decides.
    HalfOpen,
}

/// Why a call is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// Failures in a row that led to it.
    pub(super) failures: u32,
    /// The latest of them.
    pub(super) why: Arc<str>,
    /// When another try makes sense.
    pub(super) after: Duration,
}

/// What a request is to the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is sent while the breaker lets it.
    Call,
    /// It is always sent, since whoever starts sessions makes pauses of its own; its success closes the breaker.
    Handshake,
}

impl Breaker {
    pub(super) fn new(threshold: u32) -> Self {
        Self {
            threshold,
            calm: AtomicBool::new(true),
            counted: AtomicU64::new(0),
            inner: Mutex::new(Inner {
                standing: Standing::Closed(0),
                pauses: 0,
                why: "".into(),
            }),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state_at(Instant::now())
    }

    fn state_at(&self, now: Instant) -> State {
        let inner = lock(&self.inner);
        match inner.standing {
            Standing::Closed(_) => State::Closed,
            Standing::Open(until) if now < until => {
                State::Open(until - now, Arc::clone(&inner.why))
            }
            Standing::Open(_) | Standing::HalfOpen => State::HalfOpen,
        }
    }

    /// Asks whether a request may be sent. What became of it is told to the pass.
    pub(super) fn enter(&self, kind: Kind) -> Result<Pass<'_>, Refused> {
        if self.threshold == 0 || self.calm.load(Ordering::Acquire) {
            return Ok(self.pass(kind, false));
        }
        self.enter_at(kind, Instant::now())
    }

    fn enter_at(&self, kind: Kind, now: Instant) -> Result<Pass<'_>, Refused> {
        let mut inner = lock(&self.inner);
        let after = match inner.standing {
            Standing::Closed(_) => return Ok(self.pass(kind, false)),
            _ if kind == Kind::Handshake => return Ok(self.pass(kind, false)),
            Standing::Open(until) if now >= until => {
                inner.standing = Standing::HalfOpen;
                return Ok(self.pass(kind, true));
            }
            Standing::Open(until) => until - now,
            Standing::HalfOpen => SOON,
        };
        Err(Refused {
            failures: self.threshold,
            why: Arc::clone(&inner.why),
            after,
        })
    }

    fn pass(&self, kind: Kind, probe: bool) -> Pass<'_> {
        Pass {
            breaker: self,
            seen: self.counted.load(Ordering::Acquire),
            decides: probe || kind == Kind::Handshake,
            probe,
            heard: false,
        }
    }
}

/// The right to send one request. Dropped without a word, it says nothing of the server.
#[derive(Debug)]
pub(super) struct Pass<'b> {
    breaker: &'b Breaker,
    /// What had been counted when the request was sent.
    seen: u64,
    /// Its success closes the breaker.
    decides: bool,
    /// The one request that is sent while the breaker is half open.
    probe: bool,
    /// The server has begun to answer.
    heard: bool,
}

impl Pass<'_> {
    /// The server has begun to answer, which may take long from here: others may try too. One more failure, though,
    /// and it is left alone again.
    pub(super) fn heard(&mut self) {
        self.heard = true;
        if !self.decides || self.breaker.calm.load(Ordering::Acquire) {
            return;
        }
        let mut inner = lock(&self.breaker.inner);
        if !matches!(inner.standing, Standing::Closed(_)) {
            inner.standing = Standing::Closed(self.breaker.threshold.saturating_sub(1));
        }
        self.probe = false;
    }

    /// Whether the server has begun to answer.
    pub(super) fn was_heard(&self) -> bool {
        self.heard
    }

    /// The server has answered.
    pub(super) fn succeeded(mut self) {
        if self.breaker.calm.load(Ordering::Acquire) {
            return;
        }
        let mut inner = lock(&self.breaker.inner);
        // A call from before the pause does not end it.
        if self.decides || matches!(inner.standing, Standing::Closed(_)) {
            inner.standing = Standing::Closed(0);
            inner.pauses = 0;
            self.breaker.calm.store(true, Ordering::Release);
        }
        self.probe = false;
    }

    /// The connection failed, or the server did.
    pub(super) fn failed(self, why: &Arc<str>) {
        self.failed_at(why, Instant::now());
    }

    fn failed_at(mut self, why: &Arc<str>, now: Instant) {
        let breaker = self.breaker;
        if breaker.threshold == 0 {
            return;
        }
        let mut inner = lock(&breaker.inner);
        let failures = match inner.standing {
            // Requests that are under way together fail together: one restart of the server is one failure.
            Standing::Closed(_) if breaker.counted.load(Ordering::Acquire) != self.seen => return,
            Standing::Closed(failures) => failures + 1,
            Standing::HalfOpen if self.probe => breaker.threshold,
            Standing::Open(until) if self.decides && now >= until => breaker.threshold,
            Standing::Open(_) | Standing::HalfOpen => return,
        };
        self.probe = false;
        inner.why = Arc::clone(why);
        breaker.calm.store(false, Ordering::Release);
        breaker.counted.fetch_add(1, Ordering::AcqRel);
        if failures < breaker.threshold {
            inner.standing = Standing::Closed(failures);
            return;
        }
        inner.pauses = inner.pauses.saturating_add(1);
        let pause = PAUSE.saturating_mul(inner.pauses).min(LONGEST_PAUSE);
        inner.standing = Standing::Open(now + pause);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe {
            // Given up by its client: the next call decides.
            let mut inner = lock(&self.breaker.inner);
            if matches!(inner.standing, Standing::HalfOpen) {
                inner.standing = Standing::Open(Instant::now());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fail(breaker: &Breaker, kind: Kind, now: Instant) {
        let pass = breaker.enter_at(kind, now).unwrap();
        pass.failed_at(&"no answer".into(), now);
    }

    /// How long the next call is put off.
    fn refused(breaker: &Breaker, now: Instant) -> Duration {
        breaker.enter_at(Kind::Call, now).unwrap_err().after
    }

    /// A breaker that has just opened for the first time.
    fn open(now: Instant) -> Breaker {
        let breaker = Breaker::new(3);
        for _ in 0..3 {
            fail(&breaker, Kind::Call, now);
        }
        breaker
    }

    #[test]
    fn b06_so_many_failures_in_a_row_open_it_and_one_success_starts_the_count_anew() {
        let now = Instant::now();
        let breaker = Breaker::new(3);
        for _ in 0..2 {
            fail(&breaker, Kind::Call, now);
        }
        breaker.enter(Kind::Call).unwrap().succeeded();
        for _ in 0..2 {
            fail(&breaker, Kind::Call, now);
            assert_eq!(breaker.state_at(now), State::Closed);
        }
        fail(&breaker, Kind::Call, now);
        assert_eq!(
            breaker.state_at(now),
            State::Open(PAUSE, "no answer".into())
        );
        assert_eq!(refused(&breaker, now + SECOND), PAUSE - SECOND);
    }

    #[test]
    fn b06_calls_that_fail_together_are_one_failure() {
        let now = Instant::now();
        let breaker = Breaker::new(3);
        let passes: Vec<_> = (0..100)
            .map(|_| breaker.enter(Kind::Call).unwrap())
            .collect();
        for pass in passes {
            pass.failed_at(&"reset".into(), now);
        }
        fail(&breaker, Kind::Call, now);
        assert_eq!(breaker.state_at(now), State::Closed);
        fail(&breaker, Kind::Call, now);
        assert!(matches!(breaker.state_at(now), State::Open(..)));
    }

    #[test]
    fn b06_after_the_pause_one_call_decides_and_the_pauses_grow_to_a_bound() {
        let mut now = Instant::now();
        let breaker = open(now);
        for n in 1..=12 {
            let pause = (PAUSE * n).min(LONGEST_PAUSE);
            assert_eq!(refused(&breaker, now), pause);
            now += pause;
            assert_eq!(breaker.state_at(now), State::HalfOpen);
            let probe = breaker.enter_at(Kind::Call, now).unwrap();
            assert_eq!(refused(&breaker, now), SOON);
            probe.failed_at(&"still nothing".into(), now);
        }
        now += LONGEST_PAUSE;
        breaker.enter_at(Kind::Call, now).unwrap().succeeded();
        assert_eq!(breaker.state_at(now), State::Closed);
        // The pauses start anew.
        for _ in 0..3 {
            fail(&breaker, Kind::Call, now);
        }
        assert_eq!(refused(&breaker, now), PAUSE);
    }

    #[test]
    fn b06_an_answer_that_begins_lets_others_in_and_half_an_answer_shuts_them_out_again() {
        let mut now = Instant::now();
        let breaker = open(now);
        now += PAUSE;
        let mut probe = breaker.enter_at(Kind::Call, now).unwrap();
        probe.heard();
        assert_eq!(breaker.state_at(now), State::Closed);
        drop(breaker.enter_at(Kind::Call, now).unwrap());
        probe.failed_at(&"half an answer".into(), now);
        assert_eq!(refused(&breaker, now), PAUSE * 2);
    }

    #[test]
    fn b06_a_try_that_its_client_gives_up_decides_nothing() {
        let mut now = Instant::now();
        let breaker = open(now);
        now += PAUSE;
        drop(breaker.enter_at(Kind::Call, now).unwrap());
        assert_eq!(breaker.state_at(now), State::HalfOpen);
        breaker.enter_at(Kind::Call, now).unwrap().succeeded();
        assert_eq!(breaker.state_at(now), State::Closed);
    }

    #[test]
    fn b06_calls_from_before_the_pause_neither_end_nor_extend_it() {
        let now = Instant::now();
        let breaker = Breaker::new(1);
        let early: Vec<_> = (0..2).map(|_| breaker.enter(Kind::Call).unwrap()).collect();
        fail(&breaker, Kind::Call, now);
        for (n, pass) in early.into_iter().enumerate() {
            match n {
                0 => pass.succeeded(),
                _ => pass.failed_at(&"late".into(), now + SECOND),
            }
            assert_eq!(refused(&breaker, now), PAUSE);
        }
    }

    #[test]
    fn b06_a_handshake_is_always_tried_and_its_success_ends_the_pause() {
        let now = Instant::now();
        let breaker = open(now);
        fail(&breaker, Kind::Handshake, now + SECOND);
        assert_eq!(refused(&breaker, now), PAUSE);
        fail(&breaker, Kind::Handshake, now + PAUSE);
        assert_eq!(refused(&breaker, now + PAUSE), PAUSE * 2);
        breaker
            .enter_at(Kind::Handshake, now + PAUSE)
            .unwrap()
            .succeeded();
        assert_eq!(breaker.state_at(now), State::Closed);
    }

    #[test]
    fn b06_without_a_threshold_it_never_opens() {
        let breaker = Breaker::new(0);
        for _ in 0..100 {
            fail(&breaker, Kind::Call, Instant::now());
        }
        assert_eq!(breaker.state(), State::Closed);
    }
}
