//! Methods that block run on the pool of threads that is there for it.

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;
use tracing::Span;

use super::{Ctx, ToolError};

/// Runs a method where it may block. A caller that gives up no longer waits for it; the method itself runs to its end.
pub async fn blocking<R: Send + 'static>(
    method: impl FnOnce() -> R + Send + 'static,
) -> Result<R, ToolError> {
    let (span, ctx) = (Span::current(), Ctx::current());
    let running = spawn_blocking(move || {
        span.in_scope(|| match ctx {
            Some(ctx) => ctx.scope_sync(method),
            None => method(),
        })
    });
    running.await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => ToolError::new("the server is stopping"),
    })
}
