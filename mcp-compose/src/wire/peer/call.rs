//! One of our requests, from its sending to its end.

use std::sync::Arc;

use super::slot::Slot;
use super::{Event, Failure, Outlet, Peer, cancellation, lock};
use crate::wire::message::{ErrorObject, code};
use crate::wire::{Raw, Request};

/// A request of ours while it is in flight. Dropping it cancels the request.
#[derive(Debug)]
pub(crate) struct Call {
    peer: Arc<Peer>,
    id: u64,
    slot: Arc<Slot>,
    /// Where the request went, unless by the link.
    outlet: Option<Arc<dyn Outlet>>,
    finished: bool,
}

impl Call {
    pub(super) fn new(
        peer: Arc<Peer>,
        id: u64,
        slot: Arc<Slot>,
        outlet: Option<Arc<dyn Outlet>>,
    ) -> Self {
        Self {
            peer,
            id,
            slot,
            outlet,
            finished: false,
        }
    }

    /// The id of the request.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// What arrived next. After [`Event::Done`] there is nothing more.
    pub(crate) async fn next(&mut self) -> Event {
        let event = std::future::poll_fn(|context| self.slot.poll(context)).await;
        if matches!(event, Event::Done(_)) {
            self.finished = true;
        }
        event
    }

    /// Waits for the outcome and drops everything before it, for calls of our own. A question that
    /// arrives meanwhile is refused.
    pub(crate) async fn outcome(mut self) -> Result<Raw, Failure> {
        loop {
            match self.next().await {
                Event::Done(outcome) => return outcome,
                Event::Question(request) => self.refuse(request),
                Event::Progress(_) | Event::Notification(_) => {}
            }
        }
    }

    /// Refuses a question that arrived on the stream of a call of our own.
    pub(crate) fn refuse(&self, question: Request) {
        let error = ErrorObject::new(
            code::METHOD_NOT_FOUND,
            "no client to ask: this request was made by the aggregator itself",
        );
        self.peer.respond_lightly(question.id, Err(error));
    }

    /// Gives the call up and says why.
    pub(crate) fn cancel(mut self, reason: &str) {
        self.abandon(reason);
    }

    /// As [`Call::cancel`], for a call that is not moved.
    pub(crate) fn abandon(&mut self, reason: &str) {
        if self.finished {
            return;
        }
        self.finished = true;
        // Only a call that still waits is cancelled: its response may just have arrived.
        if lock(&self.peer.calls).remove(&self.id).is_some() {
            self.peer.note_abandoned(self.id);
            let sent = self
                .outlet
                .as_ref()
                .is_some_and(|outlet| outlet.send(cancellation(self.id, reason)).is_ok());
            if !sent {
                self.peer.link.cancel(self.id, reason);
            }
        }
        for question in self.slot.close() {
            self.peer
                .refuse(question.id, "the call that asks is no longer wanted");
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.abandon("no longer wanted");
    }
}
