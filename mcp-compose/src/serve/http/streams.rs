//! The event streams of one session: open ones, and broken ones that the client may come back to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::body::Driver;
use super::push::PushQueue;
use super::stream::{Asking, EventStream};
use crate::wire::HttpRequest;
use crate::wire::peer::lock;
use crate::wire::sse::EventId;

/// How long a stream that has nothing more to come waits for its client.
const KEPT: Duration = Duration::from_secs(60);
/// Broken streams that wait for their client at once, beside those whose call still runs.
const MAX_KEPT: usize = 32;

/// The streams of one session, and what it is busy with.
#[derive(Debug)]
pub(super) struct Streams {
    push: Arc<PushQueue>,
    next: AtomicU64,
    held: Mutex<HashMap<u64, Held>>,
    busy: AtomicUsize,
    opened: Instant,
    /// Milliseconds from `opened`.
    last_used: AtomicU64,
}

#[derive(Debug)]
struct Held {
    stream: Arc<EventStream>,
    call: Option<Driver>,
    /// Whether it is a GET stream.
    listens: bool,
    broken: Option<Instant>,
}

impl Held {
    /// When the stream began to wait for its client with nothing more to come.
    fn waits_since(&self) -> Option<Instant> {
        let broken = self.broken.filter(|_| self.stream.is_detached())?;
        match self.stream.ended() {
            Some(ended) => Some(ended.max(broken)),
            None => self.listens.then_some(broken),
        }
    }
}

impl Streams {
    pub(super) fn new(push: Arc<PushQueue>) -> Arc<Self> {
        Arc::new(Self {
            push,
            next: AtomicU64::new(1),
            held: Mutex::default(),
            busy: AtomicUsize::new(0),
            opened: Instant::now(),
            last_used: AtomicU64::new(0),
        })
    }

    /// A stream for the answer to a request; nothing is held until it is [opened](Self::open).
    pub(super) fn answer(
        &self,
        asking: Asking,
        http: Option<Arc<HttpRequest>>,
    ) -> Arc<EventStream> {
        Arc::new(EventStream::resumable(self.fresh(), asking, http))
    }

    /// A connection begins to send the answer to a request.
    pub(super) fn open(self: &Arc<Self>, stream: Arc<EventStream>, call: &Driver) -> OpenStream {
        let reader = stream.attach(None).unwrap_or_default();
        self.hold(&stream, Some(Arc::clone(call)), false);
        self.connection(stream, reader, None)
    }

    /// A connection begins to listen.
    pub(super) fn listen(self: &Arc<Self>) -> OpenStream {
        // What it carries, questions too, comes from the session's queue.
        let stream = self.answer(Asking::Refused, None);
        let reader = stream.attach(None).unwrap_or_default();
        self.hold(&stream, None, true);
        self.connection(stream, reader, Some(self.fresh()))
    }

    /// A client comes back to a stream after the event `last`. `None` if this session has no
    /// such stream or never sent that event.
    pub(super) fn resume(self: &Arc<Self>, last: EventId) -> Option<OpenStream> {
        let (stream, reader, call, listens) = {
            let mut held = lock(&self.held);
            let one = held.get_mut(&last.stream)?;
            let reader = one.stream.attach(Some(last.place))?;
            one.broken = None;
            (
                Arc::clone(&one.stream),
                reader,
                one.call.take(),
                one.listens,
            )
        };
        // The connection before may not know yet that it is broken, and would drive the call no
        // further: from here on the call runs by itself.
        if let Some(driver) = call {
            let call = lock(&driver).take();
            drop(call);
        }
        let listener = listens.then(|| self.fresh());
        Some(self.connection(stream, reader, listener))
    }

    /// Work begins that keeps the session alive.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// The client was heard of.
    pub(super) fn touch(&self) {
        let passed = self.opened.elapsed().as_millis();
        self.last_used
            .store(u64::try_from(passed).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether nothing runs and the client was not heard of for `idle`.
    pub(super) fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        self.idle_for(now).is_some_and(|since| since >= idle)
    }

    /// For how long the client was not heard of; `None` while something runs.
    pub(super) fn idle_for(&self, now: Instant) -> Option<Duration> {
        let last = self.opened + Duration::from_millis(self.last_used.load(Ordering::Relaxed));
        (self.busy.load(Ordering::Relaxed) == 0).then(|| now.saturating_duration_since(last))
    }

    /// Lets go of streams that their client did not come back to.
    pub(super) fn sweep(&self, now: Instant) {
        lock(&self.held).retain(|_, held| {
            held.waits_since()
                .is_none_or(|since| now.saturating_duration_since(since) < KEPT)
        });
    }

    /// Ends the GET streams.
    pub(super) fn close_listeners(&self) {
        self.push.close();
    }

    fn hold(&self, stream: &Arc<EventStream>, call: Option<Driver>, listens: bool) {
        let mut held = lock(&self.held);
        if held.len() >= MAX_KEPT {
            let oldest = held
                .iter()
                .filter_map(|(id, one)| Some((one.waits_since()?, *id)))
                .collect::<Vec<_>>();
            if oldest.len() >= MAX_KEPT
                && let Some((_, id)) = oldest.into_iter().min()
            {
                held.remove(&id);
            }
        }
        held.insert(
            stream.id(),
            Held {
                stream: Arc::clone(stream),
                call,
                listens,
                broken: None,
            },
        );
    }

    fn connection(
        self: &Arc<Self>,
        stream: Arc<EventStream>,
        reader: u64,
        listener: Option<u64>,
    ) -> OpenStream {
        if let Some(listener) = listener {
            self.push.listen(listener);
        }
        OpenStream {
            busy: self.busy(),
            stream,
            reader,
            listener,
        }
    }

    fn fresh(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// Work that keeps a session alive.
#[derive(Debug)]
pub(super) struct Busy(Arc<Streams>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.touch();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One connection's hold on a stream of a session.
#[derive(Debug)]
pub(super) struct OpenStream {
    busy: Busy,
    stream: Arc<EventStream>,
    reader: u64,
    listener: Option<u64>,
}

impl OpenStream {
    /// The stream.
    pub(super) fn stream(&self) -> &Arc<EventStream> {
        &self.stream
    }

    /// What this connection reads the stream as.
    pub(super) fn reader(&self) -> u64 {
        self.reader
    }

    /// Its last event has been sent: nobody will ask for it again.
    pub(super) fn delivered(&self) {
        lock(&self.streams().held).remove(&self.stream.id());
    }

    /// Moves what the session has to say into a GET stream: whether there was something, or
    /// `false` once the session has ended.
    pub(super) fn poll_push(&self, context: &mut Context<'_>) -> Poll<bool> {
        let Some(listener) = self.listener else {
            return Poll::Pending;
        };
        match self.streams().push.poll_next(listener, context) {
            Poll::Ready(Some(frame)) => Poll::Ready(self.stream.push(frame, true).is_ok()),
            Poll::Ready(None) => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    }

    fn streams(&self) -> &Streams {
        &self.busy.0
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let streams = self.streams();
        self.stream.detach(self.reader);
        if let Some(listener) = self.listener {
            streams.push.leave(listener);
        }
        if let Some(held) = lock(&streams.held).get_mut(&self.stream.id())
            && held.stream.is_detached()
        {
            held.broken = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Id, Raw, Response};

    fn finish(stream: &EventStream) {
        stream.finish(Response {
            id: Some(Id::number(1)),
            outcome: Ok(Raw::from_static("{}")),
        });
    }

    fn first(stream: u64) -> EventId {
        EventId { stream, place: 0 }
    }

    #[test]
    fn a_broken_stream_waits_for_its_client_for_a_while_after_its_end() {
        let streams = Streams::new(Arc::default());
        let answer = streams.answer(Asking::Taken, None);
        let open = streams.open(Arc::clone(&answer), &Driver::default());
        streams.sweep(Instant::now() + 2 * KEPT);
        drop(open);
        streams.sweep(Instant::now() + 2 * KEPT);
        let open = streams.resume(first(answer.id())).expect("its call runs");
        finish(&answer);
        drop(open);
        streams.sweep(Instant::now());
        assert!(streams.resume(first(answer.id())).is_some(), "just ended");
        streams.sweep(Instant::now() + 2 * KEPT);
        assert!(streams.resume(first(answer.id())).is_none());
    }

    #[test]
    fn broken_streams_are_bounded_in_number() {
        let streams = Streams::new(Arc::default());
        let mut ids = Vec::new();
        for _ in 0..2 * MAX_KEPT {
            let answer = streams.answer(Asking::Taken, None);
            let open = streams.open(Arc::clone(&answer), &Driver::default());
            finish(&answer);
            drop(open);
            ids.push(answer.id());
        }
        assert_eq!(lock(&streams.held).len(), MAX_KEPT);
        assert!(streams.resume(first(ids[0])).is_none(), "the oldest went");
        assert!(streams.resume(first(ids[2 * MAX_KEPT - 1])).is_some());
    }

    #[test]
    fn a_session_is_idle_only_when_nothing_runs() {
        let streams = Streams::new(Arc::default());
        let idle = Duration::from_secs(1800);
        let later = Instant::now() + 2 * idle;
        assert!(!streams.is_idle(Instant::now(), idle));
        let busy = streams.busy();
        assert!(!streams.is_idle(later, idle));
        drop(busy);
        assert!(streams.is_idle(later, idle));
        let listening = streams.listen();
        assert!(!streams.is_idle(later, idle));
        drop(listening);
        assert!(streams.is_idle(later, idle));
    }
}
