//! Children that run in this process and speak over a pipe, as programs do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::io::DuplexStream;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::instance::Opened;
use super::not_started::NotStarted;
use super::stdio::read;
use crate::wire::lines::{Bounds, LineLink};
use crate::wire::peer::{Handler, Peer};

/// Bytes that may be on their way in each direction.
const PIPE: usize = 64 * 1024;
/// How long the other end may take to end once the pipe is closed.
const END_GRACE: Duration = Duration::from_secs(5);

/// How a session is started: with its end of a pipe. What it gives runs the session, and says at the
/// end why it ended.
type Start = dyn Fn(DuplexStream) -> Result<BoxFuture<'static, String>, &'static str> + Send + Sync;

/// Something that serves sessions over pipes.
#[derive(Clone)]
pub(crate) struct Piped {
    /// What people call it when it has no namespace.
    pub(crate) label: &'static str,
    start: Arc<Start>,
}

impl Piped {
    pub(crate) fn new<F>(
        label: &'static str,
        start: impl Fn(DuplexStream) -> Result<F, &'static str> + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = String> + Send + 'static,
    {
        Self {
            label,
            start: Arc::new(move |pipe| Ok(start(pipe)?.boxed())),
        }
    }
}

impl fmt::Debug for Piped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Piped").field(&self.label).finish()
    }
}

/// Starts a session. The other end runs on `runtime`, so that code that blocks does not hold up the
/// relay.
pub(crate) fn open(
    piped: &Piped,
    label: &str,
    max_message: usize,
    runtime: &Handle,
    tasks: &TaskTracker,
    handler: Arc<dyn Handler>,
) -> Result<Opened, NotStarted> {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let mut running = runtime.spawn((piped.start)(theirs)?);
    let (input, output) = tokio::io::split(ours);
    let link = LineLink::new(Bounds::CHILD);
    let peer = Peer::new(Box::new(link.clone()), handler);
    // Ends when the link is closed, or with an error when the other end is gone.
    tokio::spawn(async move {
        let _ = link.write_to(output).await;
    });
    let (reader, label) = (Arc::clone(&peer), label.to_owned());
    // Among what a composition that stops waits for: the other end may have something to put in order.
    tasks.spawn(async move {
        tokio::select! {
            () = read(input, &label, max_message, &reader) => {}
            () = reader.closed() => {}
        }
        let reason = match tokio::time::timeout(END_GRACE, &mut running).await {
            Ok(Ok(reason)) => reason,
            Ok(Err(_)) => "it panicked".to_owned(),
            Err(_) => "it closed its end of the pipe".to_owned(),
        };
        running.abort();
        reader.end(&reason);
    });
    Ok(Opened {
        peer,
        process: None,
        greeted: None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;
    use crate::compose::{ChildOptions, ChildSource, DeclaredChild, IntoChild};
    use crate::test::{client, json};
    use crate::wire::lines::{Line, LineReader};
    use crate::wire::message::{ErrorObject, Message, Response, code};
    use crate::wire::peer::{Link, Outgoing};
    use crate::wire::{Raw, Request};

    /// A server that answers each request alike, until it is told to end.
    struct Alike(Piped);

    impl IntoChild for Alike {
        fn into_child(self) -> DeclaredChild {
            let options = ChildOptions::default();
            DeclaredChild::new(options).with_source(ChildSource::Piped(self.0))
        }
    }

    const ANSWER: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"alike","version":"1"},"tools":[{"name":"t","inputSchema":{"type":"object"}}],"content":[{"type":"text","text":"same"}]}"#;

    async fn serve(pipe: DuplexStream) {
        let (input, output) = tokio::io::split(pipe);
        let link = LineLink::new(Bounds::CHILD);
        let answer = link.clone();
        let reading = async move {
            let mut lines = LineReader::new(input, 4096);
            while let Ok(Some(Line::Text(text))) = lines.next().await {
                let Ok(Message::Request(Request { id, method, .. })) = Message::parse(&text) else {
                    continue;
                };
                let outcome = match &*method {
                    "server/discover" => Err(ErrorObject::new(code::METHOD_NOT_FOUND, "no")),
                    _ => Ok(Raw::from_static(ANSWER)),
                };
                let id = Some(id);
                let _ = answer.send(Outgoing::new(Message::Response(Response { id, outcome })));
            }
        };
        tokio::select! {
            () = reading => {}
            _ = link.write_to(output) => {}
        }
    }

    #[tokio::test]
    async fn what_has_ended_is_started_again_and_what_is_stopped_ends() {
        let (starts, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let over = Arc::new(AtomicUsize::new(0));
        let (started, told, finished) = (Arc::clone(&starts), Arc::clone(&ends), Arc::clone(&over));
        let piped = Piped::new("alike", move |pipe| {
            started.fetch_add(1, Ordering::SeqCst);
            let (told, finished) = (Arc::clone(&told), Arc::clone(&finished));
            Ok(async move {
                tokio::select! {
                    () = serve(pipe) => {
                        // It has something to put in order before it ends.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        finished.fetch_add(1, Ordering::SeqCst);
                        "the pipe was closed".to_owned()
                    }
                    () = told.notified() => "it was told to end".to_owned(),
                }
            })
        });
        let client = client(Alike(piped)).await;
        assert_eq!(client.call("t", json!({})).await.text(), "same");
        let first = starts.load(Ordering::SeqCst);
        ends.notify_one();
        // A call that meets the end says so, and the next one a new session.
        let again = async {
            while starts.load(Ordering::SeqCst) == first {
                let _ = client.call("t", json!({})).await;
                tokio::task::yield_now().await;
            }
            client.call("t", json!({})).await
        };
        let again = tokio::time::timeout(Duration::from_secs(30), again).await;
        assert_eq!(again.expect("a new session").text(), "same");
        client.stop().await;
        // All but the one that was told to have ended because they were stopped, and were waited for.
        assert_eq!(
            over.load(Ordering::SeqCst),
            starts.load(Ordering::SeqCst) - 1
        );
    }
}
