//! The queue between the transport's reader and one call.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::{Event, lock};
use crate::wire::message::Request;

/// Events that wait for the reader of one call before progress is coalesced.
const MAX_EVENTS: usize = 256;
/// Questions that wait for the reader of one call.
pub(super) const MAX_QUESTIONS: usize = 64;

/// What has arrived for a call and was not read yet, in order.
#[derive(Default)]
pub(super) struct Slot(Mutex<State>);

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    questions: usize,
    /// Nothing follows: the end is queued, or nobody reads any more.
    closed: bool,
    waker: Option<Waker>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It waits for its reader.
    Waits,
    /// There is no room; it, or the progress before it, is left out.
    LeftOut,
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl Slot {
    /// Adds an event. Gives it back if nobody will read it; progress and notifications for which
    /// there is no room are dropped.
    pub(super) fn push(&self, event: Event) -> Result<Pushed, Event> {
        let waker = {
            let mut state = lock(&self.0);
            if state.closed {
                return Err(event);
            }
            if state.events.len() >= MAX_EVENTS {
                match (&event, state.events.back_mut()) {
                    // A reader that lags sees the latest progress.
                    (Event::Progress(_), Some(last @ Event::Progress(_))) => {
                        *last = event;
                        return Ok(Pushed::LeftOut);
                    }
                    (Event::Progress(_) | Event::Notification(_), _) => {
                        return Ok(Pushed::LeftOut);
                    }
                    _ => {}
                }
            }
            match &event {
                Event::Question(_) if state.questions >= MAX_QUESTIONS => return Err(event),
                Event::Question(_) => state.questions += 1,
                Event::Done(_) => state.closed = true,
                Event::Progress(_) | Event::Notification(_) => {}
            }
            state.events.push_back(event);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(Pushed::Waits)
    }

    /// The next event.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Event> {
        let mut state = lock(&self.0);
        match state.events.pop_front() {
            Some(event) => {
                if matches!(event, Event::Question(_)) {
                    state.questions -= 1;
                }
                Poll::Ready(event)
            }
            None => {
                if !state
                    .waker
                    .as_ref()
                    .is_some_and(|waker| waker.will_wake(context.waker()))
                {
                    state.waker = Some(context.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Nobody reads any more. Gives the questions that nobody has seen.
    pub(super) fn close(&self) -> Vec<Request> {
        let events = {
            let mut state = lock(&self.0);
            state.closed = true;
            std::mem::take(&mut state.events)
        };
        events
            .into_iter()
            .filter_map(|event| match event {
                Event::Question(request) => Some(request),
                _ => None,
            })
            .collect()
    }
}
