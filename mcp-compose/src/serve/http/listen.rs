//! The listener: connections in bounded number, with deadlines, and an orderly end.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Front;
use super::backend::Backend;
use super::stall::Impatient;

/// How long a connection may take for the head of its next request, which is also how long it
/// may be idle: hyper has one timer for both.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Largest head of a request.
const MAX_HEAD: usize = 64 * 1024;
/// How long a client may take none of what is sent to it.
const WRITE_STALL: Duration = Duration::from_secs(30);
/// How long to wait after the system refused a connection (out of file descriptors, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long calls that were given up have to say so.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves `front` on `listener` until `shutdown`, then lets calls in flight end.
pub(crate) async fn serve<G: Backend>(
    listener: TcpListener,
    front: Arc<Front<G>>,
    shutdown: CancellationToken,
) {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = accept(&listener, &front, &connections, &cut) => {}
    }
    drop(listener);

    front.drain();
    connections.close();
    front.tasks.close();
    let ended = async {
        connections.wait().await;
        front.tasks.wait().await;
    };
    let mut ended = pin!(ended);
    if tokio::time::timeout(front.options.drain, ended.as_mut())
        .await
        .is_err()
    {
        tracing::warn!("calls are still in flight and are given up");
        front.stop();
        let _ = tokio::time::timeout(LAST_WORDS, ended).await;
    }
    cut.cancel();
    connections.wait().await;
    front.stop();
}

async fn accept<G: Backend>(
    listener: &TcpListener,
    front: &Arc<Front<G>>,
    connections: &TaskTracker,
    cut: &CancellationToken,
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
        let front = Arc::clone(front);
        let cut = cut.clone();
        connections.spawn(async move {
            tokio::select! {
                biased;
                () = connection(stream, front) => {}
                () = cut.cancelled() => {}
            }
            drop(slot);
        });
    }
}

async fn connection<G: Backend>(stream: TcpStream, front: Arc<Front<G>>) {
    let draining = front.draining.clone();
    let stream = TokioIo::new(Impatient::new(stream, WRITE_STALL));
    let service = service_fn(|request| {
        let front = &front;
        async move { Ok::<_, Infallible>(front.route(request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_header_size(MAX_HEAD)
            .serve_connection(stream, service)
    );
    // A connection that breaks is the client's affair.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = draining.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
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
