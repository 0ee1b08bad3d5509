//! An rmcp server of this process as a child.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::service::{QuitReason, ServerInitializeError, ServiceExt};
use tokio::io::DuplexStream;

use super::guarded::Guarded;
use crate::child::{Piped, common_options};
use crate::compose::{ChildOptions, ChildSource, DeclaredChild, IntoChild};

/// An rmcp server of this process, made by [`server`]. It has the options of every child.
#[derive(Debug)]
#[must_use = "a child does nothing until it is part of a composition"]
pub struct Server {
    piped: Piped,
    options: ChildOptions,
}

/// An rmcp server that runs in this process, as a child.
///
/// `make` gives a new handler for each session: as any other child, the server gets a session of its
/// own for each client that it may ask something, and a new one after it has ended. What all sessions
/// are to share goes into what the handlers share.
///
/// Both eras of the protocol are spoken as the handler's `supported_protocol_versions` say, and all that
/// children have is there: questions, progress, cancellation, log messages, changed lists. A handler that
/// panics costs the request. It runs on the runtime that the composition was started on.
///
/// ```
/// use mcp_compose::{compose, rmcp::server};
/// use std::time::Duration;
///
/// #[derive(Clone, Default)]
/// struct Handler;
///
/// impl rmcp::ServerHandler for Handler {}
///
/// let shared = Handler::default();
/// let composition = compose! {
///     old: server(move || shared.clone()).timeout(Duration::from_secs(5)).hide(["debug_*"]),
/// };
/// assert!(composition.check().is_empty());
/// ```
pub fn server<H: ServerHandler>(make: impl Fn() -> H + Send + Sync + 'static) -> Server {
    let make = Arc::new(make);
    let start = move |pipe: DuplexStream| {
        let made = catch_unwind(AssertUnwindSafe(|| make()));
        let handler = made.map_err(|_| "the function that makes its handler panicked")?;
        Ok(run(handler, pipe))
    };
    Server {
        piped: Piped::new("rmcp", start),
        options: ChildOptions::default(),
    }
}

common_options!(Server);

#[diagnostic::do_not_recommend]
impl IntoChild for Server {
    fn into_child(self) -> DeclaredChild {
        DeclaredChild::new(self.options).with_source(ChildSource::Piped(self.piped))
    }
}

/// Serves one session; says why it ended.
async fn run<H: ServerHandler>(handler: H, pipe: DuplexStream) -> String {
    let running = match Guarded(handler).serve(pipe).await {
        Ok(running) => running,
        Err(ServerInitializeError::ConnectionClosed(_)) => return ENDED.to_owned(),
        Err(error) => return format!("its handshake failed: {error}"),
    };
    match running.waiting().await {
        Ok(QuitReason::JoinError(error)) | Err(error) if error.is_panic() => {
            "it panicked".to_owned()
        }
        _ => ENDED.to_owned(),
    }
}

const ENDED: &str = "it has ended its session";
