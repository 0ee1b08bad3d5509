//! The listener: connections in bounded number, with deadlines, and an orderly end.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backend::Backend;
use super::heads::{Heads, Turn};
use super::{Front, reply};
use crate::serve::stop::Stop;
use crate::wire::stall::Stalling;

/// Largest head of a request.
const MAX_HEAD: usize = 64 * 1024;
/// How long, once draining has begun, those who do not know it yet are told so; then the listener and the connections
/// where nothing happens are closed.
const LINGER: Duration = Duration::from_millis(500);
/// How long to wait after the system refused a connection (out of file descriptors, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long calls that were given up have to say so.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The ends of connections.
#[derive(Debug, Clone, Default)]
struct Ends {
    /// Those where nothing happens are closed, the others after what they are at.
    idle: CancellationToken,
    /// All are closed.
    all: CancellationToken,
}

/// Serves `front` on `listener` until `stop`, then lets calls in flight end.
pub(crate) async fn serve<G: Backend>(listener: TcpListener, front: Arc<Front<G>>, stop: Stop) {
    let connections = TaskTracker::new();
    let ends = Ends::default();
    {
        let mut accepting = pin!(accept(&listener, &front, &connections, &ends));
        tokio::select! {
            () = stop.told() => {}
            () = accepting.as_mut() => {}
        }
        front.drain();
        if !connections.is_empty() {
            stop.within(LINGER, accepting).await;
        }
    }
    // Whoever was let in by the system meanwhile is told, too.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        connections.spawn(connection(stream, Arc::clone(&front), ends.clone()));
    }
    drop(listener);
    ends.idle.cancel();

    connections.close();
    front.tasks.close();
    let ended = async {
        connections.wait().await;
        front.tasks.wait().await;
    };
    if !stop.within(front.options.drain, ended).await {
        tracing::warn!("calls are still in flight and are given up");
        front.stop();
        let ended = async {
            connections.wait().await;
            front.tasks.wait().await;
        };
        stop.within(LAST_WORDS, ended).await;
    }
    ends.all.cancel();
    connections.wait().await;
    front.stop();
}

async fn accept<G: Backend>(
    listener: &TcpListener,
    front: &Arc<Front<G>>,
    connections: &TaskTracker,
    ends: &Ends,
) {
    let slots = Arc::new(Semaphore::new(front.options.max_connections));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Small answers leave at once.
        let _ = stream.set_nodelay(true);
        let served = connection(stream, Arc::clone(front), ends.clone());
        connections.spawn(async move {
            served.await;
            drop(slot);
        });
    }
}

async fn connection<G: Backend>(stream: TcpStream, front: Arc<Front<G>>, ends: Ends) {
    let options = &front.options;
    let turn = Turn::first();
    // hyper has one timer for the head of a request and for the time before it.
    let stream = Stalling::new(stream, options.write_timeout);
    let stream = Heads::new(stream, Arc::clone(&turn), options.head_timeout);
    let service = service_fn(|request| {
        let front = &front;
        // Now, not when the future is first polled: hyper reads once more before that.
        let served = turn.serve();
        async move {
            let response = front.route(request).await;
            let response = match front.draining.is_cancelled() {
                true => reply::closing(response),
                false => response,
            };
            Ok::<_, Infallible>(response.map(|body| body.ending(served)))
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(options.idle_timeout)
            .max_header_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service)
    );
    // A connection that breaks is the client's affair.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = ends.idle.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        _ = connection => {}
        () = ends.all.cancelled() => {}
    }
}

/// Whether an error of `accept` concerns only the connection that was to be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
