//! A request while it is served: who drives it, and what becomes of it when its connection breaks.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::headers::Accepts;
use super::stream::EventStream;
use crate::wire::Response;

/// A request that is being served. It runs inside the HTTP exchange that asked for it, without a
/// task of its own.
pub(super) struct Call {
    serving: Option<BoxFuture<'static, Response>>,
    survives: Option<Survival>,
}

/// Where a call goes on when its connection breaks: up to 2025-11-25 that is no cancellation.
struct Survival {
    stream: Arc<EventStream>,
    tasks: TaskTracker,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

impl Call {
    /// A call that ends with its connection.
    pub(super) fn bound(serving: BoxFuture<'static, Response>) -> Self {
        Self {
            serving: Some(serving),
            survives: None,
        }
    }

    /// A call that goes on as one of `tasks` when its connection breaks, and ends `stream`.
    pub(super) fn surviving(
        serving: BoxFuture<'static, Response>,
        stream: Arc<EventStream>,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            serving: Some(serving),
            survives: Some(Survival { stream, tasks }),
        }
    }

    /// Drives the call. Pending for good once it has given its response.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Response> {
        let Some(serving) = &mut self.serving else {
            return Poll::Pending;
        };
        let polled = serving.as_mut().poll(context);
        if polled.is_ready() {
            self.serving = None;
        }
        polled
    }

    /// Waits until it is known how to answer.
    pub(super) async fn first(
        &mut self,
        stream: &EventStream,
        accepts: Accepts,
        patience: Duration,
    ) -> First {
        if !accepts.json {
            return First::Events;
        }
        let mut patience = pin!(tokio::time::sleep(patience));
        poll_fn(|context| {
            if let Poll::Ready(response) = self.poll(context) {
                if accepts.events && stream.is_waiting() {
                    stream.finish(response);
                    return Poll::Ready(First::Events);
                }
                return Poll::Ready(First::Response(response));
            }
            // A client, or a proxy before it, gives up on a response whose head never comes.
            if accepts.events
                && (stream.poll_waiting(context).is_ready()
                    || patience.as_mut().poll(context).is_ready())
            {
                return Poll::Ready(First::Events);
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let (Some(serving), Some(survival)) = (self.serving.take(), self.survives.take())
            && let Ok(runtime) = Handle::try_current()
        {
            let stream = survival.stream;
            survival
                .tasks
                .spawn_on(async move { stream.finish(serving.await) }, &runtime);
        }
    }
}

/// How a request is answered.
#[derive(Debug)]
pub(super) enum First {
    /// With its response alone.
    Response(Response),
    /// With a stream of events.
    Events,
}
