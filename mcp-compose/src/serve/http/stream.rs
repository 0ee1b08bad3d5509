//! The events of one response stream: what waits to be sent, and what may be asked for again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::gateway::client::Outlet;
use crate::wire::message::Frame;
use crate::wire::peer::{LinkError, lock};
use crate::wire::sse::{Chunks, EventId};
use crate::wire::{HttpRequest, Message, Response};

/// Events of one stream that are held: those not sent yet, and the last ones sent.
const MAX_EVENTS: usize = 256;
/// Bytes of one stream that are held. A single message of any size passes.
const MAX_BYTES: usize = 1024 * 1024;

/// The events of one stream, in order.
#[derive(Debug)]
pub(super) struct EventStream {
    id: u64,
    resumable: bool,
    asking: Asking,
    /// The request that is answered.
    http: Option<Arc<HttpRequest>>,
    state: Mutex<State>,
}

/// Whether a stream carries questions to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// It does.
    Taken,
    /// The client would never see them, or may not be asked by requests.
    Refused,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Frame>,
    bytes: usize,
    /// Events that have left `events` at the front.
    gone: u64,
    /// Events that have been handed to a connection.
    sent: u64,
    /// When the last event came in.
    ended: Option<Instant>,
    /// Which connection reads; each takes over from the one before.
    reader: u64,
    attached: bool,
    waker: Option<Waker>,
}

/// What a look at a stream gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Events were written; there may be more.
    Wrote,
    /// The last event has been written.
    End,
    /// Another connection reads the stream now.
    Superseded,
}

impl EventStream {
    /// A stream whose events are kept and carry ids, for a client that may come back for them.
    pub(super) fn resumable(id: u64, asking: Asking, http: Option<Arc<HttpRequest>>) -> Self {
        Self::new(id, true, asking, http)
    }

    /// A stream that lives and dies with its connection. (2026-07-28 asks by results.)
    pub(super) fn plain(http: Option<Arc<HttpRequest>>) -> Self {
        Self::new(0, false, Asking::Refused, http)
    }

    fn new(id: u64, resumable: bool, asking: Asking, http: Option<Arc<HttpRequest>>) -> Self {
        Self {
            id,
            resumable,
            asking,
            http,
            state: Mutex::default(),
        }
    }

    /// The stream's id within its session.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Adds a message; refused when too much waits already, unless it is `owed`.
    pub(super) fn push(&self, frame: Frame, owed: bool) -> Result<(), LinkError> {
        let mut state = lock(&self.state);
        if state.ended.is_some() {
            return Err(LinkError::Closed);
        }
        if !owed && state.is_full() {
            state.evict();
            if state.is_full() {
                return Err(LinkError::Full);
            }
        }
        let waker = state.add(frame);
        drop(state);
        wake(waker);
        Ok(())
    }

    /// Adds the message that ends the stream.
    pub(super) fn finish(&self, response: Response) {
        let mut frame = Frame::default();
        Message::Response(response).encode(&mut frame);
        let mut state = lock(&self.state);
        if state.ended.is_some() {
            return;
        }
        state.ended = Some(Instant::now());
        let waker = state.add(frame);
        drop(state);
        wake(waker);
    }

    /// A connection begins to read, after the event at `after` if it has seen events before.
    /// Returns what it reads as. `None` if no such event was sent.
    pub(super) fn attach(&self, after: Option<u64>) -> Option<u64> {
        let mut state = lock(&self.state);
        if let Some(after) = after {
            if after > state.sent {
                return None;
            }
            // Events that are gone are lost to the client, but never the last one: the response.
            state.sent = after.max(state.gone);
        }
        state.reader += 1;
        state.attached = true;
        let reader = state.reader;
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Some(reader)
    }

    /// A connection reads no longer.
    pub(super) fn detach(&self, reader: u64) {
        let mut state = lock(&self.state);
        if state.reader == reader {
            state.attached = false;
            state.waker = None;
        }
    }

    /// Whether anything waits to be sent.
    pub(super) fn is_waiting(&self) -> bool {
        lock(&self.state).waiting() > 0
    }

    /// Whether no connection reads.
    pub(super) fn is_detached(&self) -> bool {
        !lock(&self.state).attached
    }

    /// When the last event came in, if it has.
    pub(super) fn ended(&self) -> Option<Instant> {
        lock(&self.state).ended
    }

    /// Waits for the first message of a stream that nobody reads yet.
    pub(super) fn poll_waiting(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.waiting() > 0 {
            return Poll::Ready(());
        }
        state.wait(context);
        Poll::Pending
    }

    /// Writes what waits for `reader` to `chunks`.
    pub(super) fn poll_write(
        &self,
        reader: u64,
        context: &mut Context<'_>,
        chunks: &mut Chunks,
    ) -> Poll<Step> {
        let mut state = lock(&self.state);
        if state.reader != reader {
            return Poll::Ready(Step::Superseded);
        }
        if state.waiting() == 0 {
            if state.ended.is_some() {
                return Poll::Ready(Step::End);
            }
            state.wait(context);
            return Poll::Pending;
        }
        while state.waiting() > 0 && !chunks.is_large() {
            state.sent += 1;
            if self.resumable {
                let id = EventId {
                    stream: self.id,
                    place: state.sent,
                };
                let at = state.sent - state.gone - 1;
                chunks.event(Some(id), &state.events[at as usize]);
            } else if let Some(frame) = state.remove_first() {
                chunks.event(None, &frame);
            }
        }
        state.evict();
        Poll::Ready(Step::Wrote)
    }
}

impl Outlet for EventStream {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        if matches!(message, Message::Request(_)) && self.asking == Asking::Refused {
            return Err(LinkError::Closed);
        }
        let mut frame = Frame::default();
        message.encode(&mut frame);
        self.push(frame, matches!(message, Message::Response(_)))
    }

    fn http(&self) -> Option<&Arc<HttpRequest>> {
        self.http.as_ref()
    }
}

impl State {
    /// How many events wait to be sent.
    fn waiting(&self) -> usize {
        self.events.len() - (self.sent - self.gone) as usize
    }

    fn is_full(&self) -> bool {
        self.waiting() >= MAX_EVENTS || (self.waiting() > 0 && self.bytes >= MAX_BYTES)
    }

    fn add(&mut self, frame: Frame) -> Option<Waker> {
        self.bytes += frame.len();
        self.events.push_back(frame);
        self.waker.take()
    }

    fn remove_first(&mut self) -> Option<Frame> {
        let frame = self.events.pop_front()?;
        self.gone += 1;
        self.bytes -= frame.len();
        Some(frame)
    }

    /// Lets go of the oldest events that were sent, as far as the bounds ask for it.
    fn evict(&mut self) {
        while self.gone < self.sent
            && self.ended.is_none()
            && (self.events.len() > MAX_EVENTS || self.bytes > MAX_BYTES)
        {
            self.remove_first();
        }
    }

    fn wait(&mut self, context: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => self.waker = Some(context.waker().clone()),
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Id, Notification, Raw};

    fn note(stream: &EventStream, n: usize) -> Result<(), LinkError> {
        let params = Raw::from_json(format!("{{\"n\":{n}}}"));
        stream.send(Message::Notification(Notification::new(
            "notifications/x",
            Some(params),
        )))
    }

    fn result() -> Response {
        Response {
            id: Some(Id::number(1)),
            outcome: Ok(Raw::from_static("{}")),
        }
    }

    fn read(stream: &EventStream, reader: u64) -> (String, Poll<Step>) {
        let mut context = Context::from_waker(Waker::noop());
        let mut chunks = Chunks::default();
        let mut text = String::new();
        loop {
            let step = stream.poll_write(reader, &mut context, &mut chunks);
            while let Some(bytes) = chunks.pop() {
                text.push_str(std::str::from_utf8(&bytes).unwrap());
            }
            if step != Poll::Ready(Step::Wrote) {
                return (text, step);
            }
        }
    }

    fn ids(text: &str) -> Vec<&str> {
        text.lines()
            .filter_map(|line| line.strip_prefix("id: "))
            .collect()
    }

    #[test]
    fn a_client_that_comes_back_gets_what_it_has_not_seen() {
        let stream = EventStream::resumable(4, Asking::Taken, None);
        let first = stream.attach(None).unwrap();
        for n in 0..3 {
            note(&stream, n).unwrap();
        }
        assert_eq!(ids(&read(&stream, first).0), ["4-1", "4-2", "4-3"]);
        note(&stream, 3).unwrap();
        let second = stream.attach(Some(1)).unwrap();
        assert_eq!(read(&stream, first).1, Poll::Ready(Step::Superseded));
        let (text, step) = read(&stream, second);
        assert_eq!(ids(&text), ["4-2", "4-3", "4-4"]);
        assert_eq!(step, Poll::Pending);
        stream.finish(result());
        assert_eq!(ids(&read(&stream, second).0), ["4-5"]);
        assert_eq!(read(&stream, second).1, Poll::Ready(Step::End));
        assert_eq!(stream.attach(Some(6)), None, "an event that was never sent");
        let third = stream.attach(Some(4)).unwrap();
        assert!(read(&stream, third).0.contains("\"result\":{}"));
    }

    #[test]
    fn what_is_held_is_bounded_and_the_response_always_passes() {
        let stream = EventStream::resumable(1, Asking::Taken, None);
        for n in 0..MAX_EVENTS {
            note(&stream, n).unwrap();
        }
        assert_eq!(note(&stream, 0), Err(LinkError::Full));
        stream.finish(result());
        assert_eq!(note(&stream, 0), Err(LinkError::Closed));
        let reader = stream.attach(None).unwrap();
        assert_eq!(ids(&read(&stream, reader).0).len(), MAX_EVENTS + 1);

        let stream = EventStream::resumable(2, Asking::Taken, None);
        let reader = stream.attach(None).unwrap();
        for n in 0..2 * MAX_EVENTS {
            note(&stream, n).unwrap();
            assert_eq!(ids(&read(&stream, reader).0).len(), 1);
        }
        assert!(lock(&stream.state).events.len() <= MAX_EVENTS);
        let again = stream.attach(Some(0)).unwrap();
        let (text, _) = read(&stream, again);
        assert_eq!(ids(&text).first(), Some(&"2-257"), "the oldest are gone");
        assert_eq!(ids(&text).last(), Some(&"2-512"));
    }

    #[test]
    fn a_stream_that_cannot_be_resumed_keeps_nothing() {
        let stream = EventStream::plain(None);
        let reader = stream.attach(None).unwrap();
        note(&stream, 1).unwrap();
        let (text, _) = read(&stream, reader);
        assert!(text.starts_with("data: ") && ids(&text).is_empty());
        assert!(lock(&stream.state).events.is_empty());
    }
}
