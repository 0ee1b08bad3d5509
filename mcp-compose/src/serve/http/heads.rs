//! A connection whose other side does not finish the head of a request that it began is given up.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What a connection is at, as far as its stream has to know.
#[derive(Debug)]
pub(super) struct Turn(AtomicU8);

/// Between two requests: nothing of the next one has come.
const IDLE: u8 = 0;
/// The head of a request is awaited: its first byte has come, or the connection is new.
const HEAD: u8 = 1;
/// A request is read and answered.
const SERVED: u8 = 2;

impl Turn {
    /// That of a new connection.
    pub(super) fn first() -> Arc<Self> {
        Arc::new(Self(AtomicU8::new(HEAD)))
    }

    /// The head of a request is there. What is given back ends with the answer.
    pub(super) fn serve(self: &Arc<Self>) -> Served {
        self.set(SERVED);
        Served(Arc::clone(self))
    }

    fn is(&self, turn: u8) -> bool {
        self.0.load(Ordering::Relaxed) == turn
    }

    fn set(&self, turn: u8) {
        self.0.store(turn, Ordering::Relaxed);
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Served(Arc<Turn>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.set(IDLE);
    }
}

/// How long the other side may take for the head of a request, once it has begun.
#[derive(Debug)]
struct Head {
    turn: Arc<Turn>,
    patience: Duration,
    late: Option<Pin<Box<Sleep>>>,
}

impl Head {
    /// Bytes came.
    fn began(&mut self) {
        if self.turn.is(IDLE) {
            self.turn.set(HEAD);
            self.late = None;
        }
    }

    /// None came.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.turn.is(HEAD) {
            self.late = None;
            return Poll::Pending;
        }
        let patience = self.patience;
        let late = self
            .late
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        late.as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// A stream whose reads fail when the head of a request is begun and not finished.
#[derive(Debug)]
pub(super) struct Heads<S> {
    inner: S,
    head: Head,
}

impl<S> Heads<S> {
    /// Gives the other side `patience` for the head of a request.
    pub(super) fn new(inner: S, turn: Arc<Turn>, patience: Duration) -> Self {
        let late = None;
        Self {
            inner,
            head: Head {
                turn,
                patience,
                late,
            },
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.inner).poll_read(context, buffer);
        match read {
            Poll::Pending => this.head.wait(context),
            Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                this.head.began();
                read
            }
            Poll::Ready(_) => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heads<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_head_that_is_not_finished_is_given_up_and_an_idle_connection_is_not() {
        const SHORT: Duration = Duration::from_millis(20);
        let turn = Turn::first();
        let (ours, mut theirs) = duplex(64);
        let mut ours = Heads::new(ours, Arc::clone(&turn), SHORT);
        let mut seen = [0; 4];

        // Served, and idle after that: nothing is late.
        theirs.write_all(b"head").await.unwrap();
        ours.read_exact(&mut seen).await.unwrap();
        let served = turn.serve();
        let waited = tokio::time::timeout(3 * SHORT, ours.read(&mut seen)).await;
        assert!(
            waited.is_err(),
            "a request that is served has no head to come"
        );
        drop(served);
        let waited = tokio::time::timeout(3 * SHORT, ours.read(&mut seen)).await;
        assert!(waited.is_err(), "nothing was begun");

        theirs.write_all(b"h").await.unwrap();
        assert_eq!(ours.read(&mut seen).await.unwrap(), 1);
        let error = ours.read(&mut seen).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);

        let (ours, _theirs) = duplex(64);
        let mut silent = Heads::new(ours, Turn::first(), SHORT);
        let error = silent.read(&mut seen).await.unwrap_err();
        assert_eq!(
            error.kind(),
            io::ErrorKind::TimedOut,
            "a new connection says something"
        );
    }
}
