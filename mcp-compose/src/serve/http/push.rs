//! What a session's client is told outside its requests: one queue, read by its GET streams.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::gateway::client::Outlet;
use crate::wire::Message;
use crate::wire::message::Frame;
use crate::wire::peer::{Link, LinkError, Outgoing, lock};

/// Messages that wait for a GET stream.
const MAX_MESSAGES: usize = 64;
/// Bytes that wait for a GET stream. A single message of any size passes.
const MAX_BYTES: usize = 1024 * 1024;

/// Messages for the newest open GET stream, or for the next one.
#[derive(Debug, Default)]
pub(super) struct PushQueue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Frame>,
    bytes: usize,
    /// Open GET streams; the last one gets the messages, so that none is sent twice.
    listeners: Vec<(u64, Option<Waker>)>,
    closed: bool,
}

impl PushQueue {
    /// A connection opens a GET stream and takes over.
    pub(super) fn listen(&self, listener: u64) {
        lock(&self.0).listeners.push((listener, None));
    }

    /// A connection is gone; the one before it takes over.
    pub(super) fn leave(&self, listener: u64) {
        let mut state = lock(&self.0);
        state.listeners.retain(|(id, _)| *id != listener);
        let waker = state.listeners.last_mut().and_then(|(_, w)| w.take());
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next message for `listener`; `None` once the session has ended.
    pub(super) fn poll_next(
        &self,
        listener: u64,
        context: &mut Context<'_>,
    ) -> Poll<Option<Frame>> {
        let mut state = lock(&self.0);
        if state.closed {
            return Poll::Ready(None);
        }
        if state
            .listeners
            .last()
            .is_some_and(|(id, _)| *id == listener)
            && let Some(frame) = state.waiting.pop_front()
        {
            state.bytes -= frame.len();
            return Poll::Ready(Some(frame));
        }
        if let Some((_, waker)) = state.listeners.iter_mut().find(|(id, _)| *id == listener) {
            *waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    /// Ends every GET stream.
    pub(super) fn close(&self) {
        let listeners = {
            let mut state = lock(&self.0);
            state.closed = true;
            state.waiting.clear();
            std::mem::take(&mut state.listeners)
        };
        for waker in listeners.into_iter().filter_map(|(_, waker)| waker) {
            waker.wake();
        }
    }
}

impl Outlet for PushQueue {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        let mut frame = Frame::default();
        message.encode(&mut frame);
        let repeats = matches!(&message, Message::Notification(notification)
            if notification.method.ends_with("/list_changed"));
        let waker = {
            let mut state = lock(&self.0);
            if state.closed {
                return Err(LinkError::Closed);
            }
            // A question is not put by for whoever may come: it would be answered too late.
            if matches!(message, Message::Request(_)) && state.listeners.is_empty() {
                return Err(LinkError::Closed);
            }
            // A list change that still waits says all that a second one would.
            if repeats && state.waiting.iter().any(|one| one.head == frame.head) {
                return Ok(());
            }
            if state.waiting.len() >= MAX_MESSAGES || state.bytes >= MAX_BYTES {
                return Err(LinkError::Full);
            }
            state.bytes += frame.len();
            state.waiting.push_back(frame);
            state.listeners.last_mut().and_then(|(_, w)| w.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

/// The link of a session's peer: what it sends goes to the client's GET stream.
#[derive(Debug)]
pub(super) struct PushLink(pub(super) Arc<PushQueue>);

impl Link for PushLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        Outlet::send(&*self.0, message.message)
    }

    fn close(&self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Notification, Raw};

    fn tell(queue: &PushQueue, n: usize) -> Result<(), LinkError> {
        let params = Raw::from_json(format!("{{\"n\":{n}}}"));
        Outlet::send(
            queue,
            Message::Notification(Notification::new("notifications/x", Some(params))),
        )
    }

    fn next(queue: &PushQueue, stream: u64) -> Poll<Option<String>> {
        queue
            .poll_next(stream, &mut Context::from_waker(Waker::noop()))
            .map(|frame| frame.map(|frame| frame.to_text()))
    }

    #[test]
    fn each_message_goes_to_one_stream_the_newest_that_is_open() {
        let queue = PushQueue::default();
        queue.listen(1);
        queue.listen(2);
        tell(&queue, 0).unwrap();
        assert_eq!(next(&queue, 1), Poll::Pending);
        assert!(matches!(next(&queue, 2), Poll::Ready(Some(text)) if text.contains("\"n\":0")));
        tell(&queue, 1).unwrap();
        queue.leave(2);
        assert!(matches!(next(&queue, 1), Poll::Ready(Some(text)) if text.contains("\"n\":1")));
        assert_eq!(next(&queue, 1), Poll::Pending);
        queue.close();
        assert_eq!(next(&queue, 1), Poll::Ready(None));
        assert_eq!(tell(&queue, 2), Err(LinkError::Closed));
    }

    #[test]
    fn what_waits_is_bounded_and_a_list_change_waits_once() {
        let queue = PushQueue::default();
        for _ in 0..3 {
            let change = Notification::new("notifications/tools/list_changed", None);
            Outlet::send(&queue, Message::Notification(change)).unwrap();
        }
        for n in 1..MAX_MESSAGES {
            tell(&queue, n).unwrap();
        }
        assert_eq!(tell(&queue, 0), Err(LinkError::Full));
        queue.listen(9);
        let mut seen = 0;
        while let Poll::Ready(Some(_)) = next(&queue, 9) {
            seen += 1;
        }
        assert_eq!(seen, MAX_MESSAGES);
    }
}
