//! Response bodies: whole answers, and event streams that drive the call they belong to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame as BodyFrame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::call::Call;
use super::heads::Served;
use super::stream::{EventStream, Step};
use super::streams::OpenStream;
use crate::wire::message::Frame;
use crate::wire::peer::lock;
use crate::wire::sse::Chunks;

/// How long a client waits before it comes back to a stream that broke, in milliseconds.
const RETRY_MS: u64 = 1000;

/// The body of a response.
#[derive(Debug)]
pub(crate) struct Body {
    kind: Kind,
    /// The request that it answers is served until it is gone.
    _served: Option<Served>,
}

impl Body {
    /// Ends `served` with itself.
    pub(super) fn ending(mut self, served: Served) -> Self {
        self._served = Some(served);
        self
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            _served: None,
        }
    }
}

#[derive(Debug)]
enum Kind {
    /// Known in whole, in up to three pieces.
    Whole(VecDeque<Bytes>),
    Events(Box<Events>),
}

impl Default for Body {
    fn default() -> Self {
        Kind::Whole(VecDeque::new()).into()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Kind::Whole(VecDeque::from([bytes])).into()
    }
}

impl From<Frame> for Body {
    fn from(mut frame: Frame) -> Self {
        let Some(payload) = frame.payload else {
            frame.head.push_str(&frame.tail);
            return Bytes::from(frame.head).into();
        };
        let pieces = [
            Bytes::from(frame.head),
            payload.bytes().clone(),
            Bytes::from(frame.tail),
        ];
        Kind::Whole(VecDeque::from(pieces)).into()
    }
}

impl From<Events> for Body {
    fn from(events: Events) -> Self {
        Kind::Events(Box::new(events)).into()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Infallible>>> {
        let bytes = match &mut self.kind {
            Kind::Whole(pieces) => pieces.pop_front(),
            Kind::Events(events) => std::task::ready!(events.poll(context)),
        };
        Poll::Ready(bytes.map(|bytes| Ok(BodyFrame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.kind, Kind::Whole(pieces) if pieces.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(pieces) => {
                SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum())
            }
            Kind::Events(_) => SizeHint::default(),
        }
    }
}

/// A call that a stream's connection drives, until another connection takes the stream over.
pub(super) type Driver = Arc<Mutex<Option<Call>>>;

/// One connection's reading of an event stream.
#[derive(Debug)]
pub(super) struct Events {
    stream: Arc<EventStream>,
    reader: u64,
    call: Option<Driver>,
    session: Option<OpenStream>,
    chunks: Chunks,
    keep_alive: KeepAlive,
    over: bool,
}

impl Events {
    /// The answer to a request that lives and dies with its connection.
    pub(super) fn of_call(stream: Arc<EventStream>, call: Call, keep_alive: Duration) -> Self {
        let call = Arc::new(Mutex::new(Some(call)));
        let reader = stream.attach(None).unwrap_or_default();
        Self::new(stream, reader, Some(call), None, keep_alive)
    }

    /// A connection's hold on a stream of a session.
    pub(super) fn of_session(open: OpenStream, call: Option<Driver>, keep_alive: Duration) -> Self {
        let stream = Arc::clone(open.stream());
        let reader = open.reader();
        Self::new(stream, reader, call, Some(open), keep_alive)
    }

    fn new(
        stream: Arc<EventStream>,
        reader: u64,
        call: Option<Driver>,
        session: Option<OpenStream>,
        keep_alive: Duration,
    ) -> Self {
        Self {
            stream,
            reader,
            call,
            session,
            chunks: Chunks::default(),
            keep_alive: KeepAlive::new(keep_alive),
            over: false,
        }
    }

    /// Begins with an event that the client can resume from before anything has happened.
    pub(super) fn primed(mut self) -> Self {
        self.chunks.priming(self.stream.id(), RETRY_MS);
        self
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.chunks.pop() {
                self.keep_alive.sent();
                return Poll::Ready(Some(bytes));
            }
            if self.over {
                return Poll::Ready(None);
            }
            self.drive(context);
            match self
                .stream
                .poll_write(self.reader, context, &mut self.chunks)
            {
                Poll::Ready(Step::Wrote) => continue,
                Poll::Ready(Step::Superseded) => {
                    self.over = true;
                    continue;
                }
                Poll::Ready(Step::End) => {
                    self.over = true;
                    if let Some(session) = &self.session {
                        session.delivered();
                    }
                    continue;
                }
                Poll::Pending => {}
            }
            if let Some(session) = &self.session {
                match session.poll_push(context) {
                    Poll::Ready(true) => continue,
                    Poll::Ready(false) => {
                        self.over = true;
                        continue;
                    }
                    Poll::Pending => {}
                }
            }
            if self.keep_alive.poll(context).is_pending() {
                return Poll::Pending;
            }
            self.chunks.comment();
        }
    }

    fn drive(&mut self, context: &mut Context<'_>) {
        let Some(driver) = &self.call else {
            return;
        };
        let mut slot = lock(driver);
        match slot.as_mut().map(|call| call.poll(context)) {
            Some(Poll::Ready(response)) => {
                *slot = None;
                drop(slot);
                self.call = None;
                self.stream.finish(response);
            }
            Some(Poll::Pending) => {}
            // Another connection has taken over.
            None => {
                drop(slot);
                self.call = None;
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if let Some(driver) = self.call.take() {
            let call = lock(&driver).take();
            drop(call);
        }
    }
}

/// Comments on a stream where nothing happens, so that nobody on the way takes it for dead.
#[derive(Debug)]
struct KeepAlive {
    every: Duration,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

impl KeepAlive {
    fn new(every: Duration) -> Self {
        Self {
            every,
            last: Instant::now(),
            timer: Box::pin(tokio::time::sleep(every)),
        }
    }

    fn sent(&mut self) {
        self.last = Instant::now();
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            std::task::ready!(self.timer.as_mut().poll(context));
            // The timer is moved only when it fires: streams are busy more often than idle.
            let due = self.last + self.every;
            if due <= Instant::now() {
                self.timer.as_mut().reset(Instant::now() + self.every);
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
    }
}
