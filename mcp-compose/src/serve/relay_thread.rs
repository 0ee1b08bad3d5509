//! The thread that the relay runs on.
//!
//! A single thread relays: a call then costs no wake-up of another core, which is most of what a
//! relay could spend. Typed servers run on the runtime of whoever serves the composition, so that
//! user code that blocks holds up nobody's relayed call.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::ServeError;
use super::stop::Stop;
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

/// Starts the composition on a thread of its own, serves it there until the process is told to
/// stop, and stops every child when that ends or when the returned future is dropped.
pub(super) async fn run<F, S>(
    composition: Composition,
    clients: Clients,
    serve: S,
) -> Result<(), ServeError>
where
    S: FnOnce(Arc<Gateway>, Stop) -> F + Send + 'static,
    F: Future<Output = Result<(), ServeError>>,
{
    crate::child::raise_open_files();
    #[cfg(feature = "admin")]
    let admin = super::admin::Bound::of(&composition)?;
    #[cfg(feature = "admin")]
    let users = Handle::current();
    let showing = composition.showing;
    let serve = async move |gateway: Arc<Gateway>, stop: Stop| {
        // Not on this thread, where it could hold up calls; until everything has ended.
        #[cfg(feature = "admin")]
        let _admin = match admin {
            Some(admin) => Some(admin.start(&gateway, &users)?),
            None => None,
        };
        let showing = match showing {
            Some(show) => show(Arc::clone(&gateway)),
            None => Box::pin(std::future::ready(())),
        };
        let mut showing = showing.fuse();
        let refusals = async {
            if gateway.is_strict() {
                // It waits for all of them anyway.
                (&mut showing).await;
            }
            gateway.refusals().await
        };
        let refusals = tokio::select! {
            refusals = refusals => refusals,
            () = stop.told() => return Ok(()),
        };
        if !refusals.is_empty() {
            return Err(ServeError::Composition(refusals));
        }
        let mut served = pin!(serve(gateway, stop));
        tokio::select! {
            // First it says where it serves, then the lines are drawn below.
            biased;
            served = &mut served => return served,
            () = showing => {}
        }
        served.await
    };
    on_thread(composition, clients, Stop::on_signals, serve).await?
}

/// As [`run`], for anything that is done with a running composition. Signals are left to the system.
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
    let work = |gateway, _stop| work(gateway);
    on_thread(composition, clients, Stop::default, work).await
}

async fn on_thread<F, S, T>(
    composition: Composition,
    clients: Clients,
    stop: fn() -> Stop,
    work: S,
) -> std::io::Result<T>
where
    S: FnOnce(Arc<Gateway>, Stop) -> F + Send + 'static,
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
                let stop = stop();
                let gateway = match clients {
                    Clients::One => Gateway::start_for_one(composition, users),
                    Clients::Many => Gateway::start(composition, users),
                };
                let result = tokio::select! {
                    result = work(Arc::clone(&gateway), stop.clone()) => Some(result),
                    () = done.closed() => None,
                };
                // Bounded by itself.
                stop.within(Duration::MAX, gateway.stop()).await;
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
