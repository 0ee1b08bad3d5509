//! A call that a child is serving, by itself: it can outlive the request that began it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use super::Gateway;
use super::call::{Caller, Forward};
use super::client::Outlet;
use super::fault;
use super::rewrite;
use crate::child::asks::Told;
use crate::child::instance::{Active, InFlight, LogWish, Questions};
use crate::child::pool::Lease;
use crate::child::supervisor::Child;
use crate::compose::Namespace;
use crate::observe::figures::{Operation, Outcome};
use crate::observe::trace::Sent;
use crate::wire::message::ErrorObject;
use crate::wire::peer::{Call, Cause, Delivered, Event, Failure, Lost, RequestRoute};
use crate::wire::version::{Era, META_HOPS};
use crate::wire::{Notification, Raw, Request};

/// Compositions that a call may come through. More is a circle.
pub(super) const MAX_HOPS: u64 = 8;
/// What is left of a call's time for the child itself, however long the child was waited for.
const LEAST: Duration = Duration::from_secs(1);
/// A deadline that is looked at so much later means that this process stood still.
const STOOD_STILL: Duration = Duration::from_secs(2);
/// What a call is given then.
const CATCH_UP: Duration = Duration::from_secs(5);

/// One request at a child, from its sending to its end. Dropping it cancels the request there.
#[derive(Debug)]
pub(super) struct Underway {
    // First, so that the child hears of a cancellation before its session is free.
    call: Call,
    pub(super) child: Arc<Child>,
    pub(super) lease: Lease,
    /// What the child was told that it may ask while it serves this.
    pub(super) told: Told,
    /// Questions of this call that the client is thinking about, once there was one.
    open: OnceLock<Arc<Open>>,
    questions: Arc<Questions>,
    active: Active,
    slot: Option<OwnedSemaphorePermit>,
    deadline: Pin<Box<Sleep>>,
    latest: Instant,
    sending: Sending,
    ended: bool,
}

/// What is told of a call that is under way, and counted at its end.
#[derive(Debug)]
struct Sending {
    operation: Operation,
    since: Instant,
    sent: Sent,
    counted: bool,
}

/// What came next.
#[derive(Debug)]
pub(super) enum Step {
    /// Params of a `notifications/progress`.
    Progress(Raw),
    /// Another notification of this call.
    Notification(Notification),
    /// The child asks something. `true`: it says itself that this call is the cause.
    Question(Request, bool),
    /// The end; nothing follows.
    Done(Result<Raw, Ended>),
}

/// Why a call has no result.
#[derive(Debug)]
pub(super) enum Ended {
    Failed(Failure),
    TimedOut(Duration),
    Cancelled,
    /// It has come through so many compositions.
    Circling(u64),
}

impl Ended {
    /// Whether the child certainly did not get the call, and may get it now.
    pub(super) fn not_sent(&self) -> bool {
        matches!(self, Self::Failed(Failure::Lost(lost)) if lost.may_be_sent_again())
    }

    /// The error that the client gets.
    pub(super) fn explain(
        self,
        child: &Child,
        namespace: Option<&Namespace>,
        client: Era,
    ) -> ErrorObject {
        match self {
            Self::Failed(Failure::Lost(lost)) => fault::lost(child, &lost),
            Self::Failed(Failure::Error(error)) => {
                rewrite::expose_error(child, namespace, error, client)
            }
            Self::Failed(Failure::Overloaded) => fault::overloaded(child),
            Self::TimedOut(after) => fault::timed_out(child, after),
            Self::Cancelled => fault::cancelled(),
            Self::Circling(hops) => fault::circling(child, hops),
        }
    }
}

/// The questions of a call that are with the client. A child that waits for a person is not late.
#[derive(Debug, Default)]
pub(super) struct Open {
    now: AtomicUsize,
    /// One has been answered since the deadline was last looked at.
    answered: AtomicBool,
}

impl Open {
    fn begin(self: &Arc<Self>) -> OpenGuard {
        self.now.fetch_add(1, Ordering::AcqRel);
        OpenGuard(Arc::clone(self))
    }

    /// Whether the time that has passed was the client's.
    fn excuses(&self) -> bool {
        let answered = self.answered.swap(false, Ordering::AcqRel);
        answered || self.now.load(Ordering::Acquire) > 0
    }
}

/// A question that is with the client.
#[derive(Debug)]
pub(super) struct OpenGuard(Arc<Open>);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.answered.store(true, Ordering::Release);
        self.0.now.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Underway {
    /// Sends a request to the session that `lease` gives the right to. What was `waited` for that is
    /// part of the call's time.
    pub(super) async fn begin(
        gateway: &Gateway,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        lease: Lease,
        told: Told,
        waited: Duration,
    ) -> Result<Self, Ended> {
        let child = forward.child;
        let era = forward.era(&lease, caller);
        let token = caller.meta.get("progressToken");
        let level = caller.log_level().map(crate::server::LogLevel::as_str);
        // A typed server is told in either era; there is no handshake that could have done it.
        let capabilities = (era == Era::Modern || child.is_local()).then(|| told.as_str());
        let hops = match caller.meta.get(META_HOPS) {
            Some(hops) => hops.parse().unwrap_or(MAX_HOPS),
            None => 0_u64,
        };
        if hops >= MAX_HOPS {
            return Err(Ended::Circling(hops));
        }
        // A typed server is no composition; what it calls itself goes on with the same count.
        let hops = match child.is_local() {
            true => (hops > 0).then_some(hops),
            false => lease.profile().offers.hops.then_some(hops + 1),
        };
        let mut sent = Sent::begin(
            caller.served,
            &caller.meta,
            child,
            &lease.profile().version,
            (forward.method, forward.operation, forward.name.as_deref()),
        );
        let params = |id: u64| {
            let mut params = forward.params.clone();
            let token = token.map(|_| id);
            let trace = sent.carrier();
            match rewrite::request_meta(&caller.meta, token, era, level, capabilities, hops, trace)
            {
                Some(meta) => params.set("_meta", meta),
                None => {
                    params.remove("_meta");
                }
            }
            Some(params.to_raw())
        };
        let mut headers = if era == Era::Modern {
            forward.headers.clone()
        } else {
            Vec::new()
        };
        sent.headers(&caller.meta, &mut headers);
        let route = RequestRoute {
            headers,
            caller: caller.info(child, forward.method),
            origin: child.is_local().then(|| caller.origin(gateway)),
        };
        let Some(slot) = child.slot().await else {
            child.figures.refused(forward.operation);
            sent.end(Outcome::Refused, None);
            return Err(Ended::Failed(Failure::Overloaded));
        };
        let questions = Questions::of(&lease);
        let now = Instant::now();
        let active = lease.enter(InFlight {
            client: caller.client.id,
            questions: Arc::clone(&questions),
            outlet: Arc::clone(caller.outlet),
            wish: caller.wish(),
        });
        let call = lease.peer().request(forward.method, params, route);
        sent.numbered(call.id());
        let options = &child.spec.options;
        let left = |limit: Duration| limit.saturating_sub(waited).max(LEAST.min(limit));
        Ok(Self {
            child: Arc::clone(child),
            told,
            open: OnceLock::new(),
            call,
            questions,
            active,
            slot: Some(slot),
            deadline: Box::pin(tokio::time::sleep_until(
                now + left(options.timeout.min(options.max_timeout)),
            )),
            latest: now + left(options.max_timeout),
            lease,
            sending: Sending {
                operation: forward.operation,
                since: now,
                sent,
                counted: false,
            },
            ended: false,
        })
    }

    /// What comes next. Dropping the future loses nothing.
    pub(super) async fn step(&mut self) -> Step {
        loop {
            let event = tokio::select! {
                biased;
                event = self.call.next() => event,
                question = self.questions.next(), if self.lease.owner().is_some() => return Step::Question(question, false),
                () = &mut self.deadline => {
                    if self.open.get().is_some_and(|open| open.excuses()) {
                        self.put_off();
                        continue;
                    }
                    let now = Instant::now();
                    if now.saturating_duration_since(self.deadline.deadline()) > STOOD_STILL {
                        // So did whoever reads what the child has sent: it may be here already.
                        self.deadline.as_mut().reset(now + CATCH_UP);
                        continue;
                    }
                    self.call.abandon("no answer within the deadline");
                    self.count(Outcome::TimedOut, None);
                    self.lease.missed();
                    let options = &self.child.spec.options;
                    let after = if now >= self.latest { options.max_timeout } else { options.timeout };
                    return Step::Done(Err(Ended::TimedOut(after)));
                }
            };
            return match event {
                Event::Done(outcome) => {
                    self.ended = true;
                    if !matches!(outcome, Err(Failure::Lost(_) | Failure::Overloaded)) {
                        self.lease.heard();
                    }
                    let outcome = well_formed(outcome);
                    let how = match &outcome {
                        Ok(result) => Outcome::of_result(self.sending.operation, result),
                        Err(Failure::Error(_)) => Outcome::Error,
                        Err(Failure::Lost(_)) => Outcome::Lost,
                        Err(Failure::Overloaded) => Outcome::Refused,
                    };
                    self.count(how, outcome.as_ref().err());
                    Step::Done(outcome.map_err(Ended::Failed))
                }
                Event::Progress(params) => {
                    self.extend();
                    Step::Progress(params)
                }
                Event::Notification(notification) => Step::Notification(notification),
                Event::Question(question) => Step::Question(question, true),
            };
        }
    }

    /// The child has shown that it is alive.
    fn extend(&mut self) {
        self.lease.heard();
        let timeout = self.child.spec.options.timeout;
        let until = (Instant::now() + timeout).min(self.latest);
        self.deadline.as_mut().reset(until);
    }

    /// Counts a question that is with the client until the guard is dropped.
    pub(super) fn open_question(&self) -> OpenGuard {
        self.open.get_or_init(Arc::default).begin()
    }

    /// The child waits for a client, or did until now: neither bound runs meanwhile.
    fn put_off(&mut self) {
        let until = Instant::now() + self.child.spec.options.timeout;
        self.latest = self.latest.max(until);
        self.deadline.as_mut().reset(until);
    }

    /// Nobody waits for a result for now: the place among the calls in flight is free, and what
    /// the child says goes nowhere.
    pub(super) fn release_slot(&mut self) {
        self.slot = None;
    }

    /// From now on what belongs to the call goes to another request of the client.
    pub(super) fn move_to(&mut self, client: u64, outlet: &Arc<dyn Outlet>, wish: LogWish) {
        self.active = self.lease.enter(InFlight {
            client,
            questions: Arc::clone(&self.questions),
            outlet: Arc::clone(outlet),
            wish,
        });
    }

    /// Counts the call by its end.
    fn count(&mut self, outcome: Outcome, failure: Option<&Failure>) {
        let sending = &mut self.sending;
        sending.counted = true;
        sending.sent.end(outcome, failure);
        let figures = &self.child.figures;
        match outcome {
            Outcome::Refused => figures.refused(sending.operation),
            _ => figures.ended(sending.operation, outcome, sending.since.elapsed()),
        }
    }

    /// Gives the call up and says why.
    pub(super) fn cancel(mut self, reason: &str) {
        self.call.abandon(reason);
    }
}

/// An answer as it may be handed on: a result and an error are objects.
fn well_formed(outcome: Result<Raw, Failure>) -> Result<Raw, Failure> {
    let what = match &outcome {
        Ok(result) if !result.as_str().starts_with('{') => "a result",
        Err(Failure::Error(error)) if !error.raw().as_str().starts_with('{') => "an error",
        _ => return outcome,
    };
    let reason = format!("its answer has {what} that is no object");
    Err(Lost::new(Cause::Protocol, Delivered::Maybe, reason).into())
}

impl Drop for Underway {
    fn drop(&mut self) {
        if !self.sending.counted {
            self.count(Outcome::Cancelled, None);
        }
        if !self.ended {
            // What the child still says about this call must not be taken for another's.
            self.lease.taint();
        }
    }
}

#[cfg(test)]
mod tests;
