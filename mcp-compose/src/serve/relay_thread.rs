//! The thread that the relay runs on.
//!
//! A single thread relays: a call then costs no wake-up of another core, which is most of what a
//! relay could spend. Typed servers run on the runtime of whoever serves the composition, so that
//! user code that blocks holds up nobody's relayed call.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::ServeError;
use crate::Composition;
use crate::gateway::Gateway;

/// How many clients a composition is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clients {
    /// One, which introduces itself: children are told what it can be asked.
    One,
    /// Any number.
    Many,
}

/// Starts the composition on a thread of its own, serves it there, and stops every child when
/// that ends or when the returned future is dropped.
pub(super) async fn run<F, S>(
    composition: Composition,
    clients: Clients,
    serve: S,
) -> Result<(), ServeError>
where
    S: FnOnce(Arc<Gateway>) -> F + Send + 'static,
    F: Future<Output = Result<(), ServeError>>,
{
    crate::child::raise_open_files();
    let serve = async |gateway: Arc<Gateway>| {
        let refusals = gateway.refusals().await;
        if refusals.is_empty() {
            return serve(gateway).await;
        }
        Err(ServeError::Composition(refusals))
    };
    in_process(composition, clients, serve).await?
}

/// As [`run`], for anything that is done with a running composition.
pub(crate) async fn in_process<F, S, T>(
    composition: Composition,
    clients: Clients,
    work: S,
) -> std::io::Result<T>
where
    S: FnOnce(Arc<Gateway>) -> F + Send + 'static,
    F: Future<Output = T>,
    T: Send + 'static,
{
    let users = Handle::current();
    let (mut done, finished) = oneshot::channel();
    std::thread::Builder::new()
        .name("mcp-compose".to_owned())
        .spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
            {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = done.send(Err(error));
                    return;
                }
            };
            let result = runtime.block_on(async {
                let gateway = match clients {
                    Clients::One => Gateway::start_for_one(composition, users),
                    Clients::Many => Gateway::start(composition, users),
                };
                let result = tokio::select! {
                    result = work(Arc::clone(&gateway)) => Some(result),
                    () = done.closed() => None,
                };
                gateway.stop().await;
                result
            });
            // A blocking read of stdin that nobody needs any more must not hold the end up.
            runtime.shutdown_background();
            if let Some(result) = result {
                let _ = done.send(Ok(result));
            }
        })?;
    finished.await.unwrap_or_else(|_| {
        Err(std::io::Error::other(
            "the relay's thread ended unexpectedly",
        ))
    })
}

/// Waits until the process is told to stop: SIGTERM or Ctrl-C.
pub(super) async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
