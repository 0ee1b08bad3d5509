//! A tool that takes its time: it tells how far it is, logs, and stops when nobody waits any longer.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin progress -- call simmer '{"minutes": 3}'
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mcp_compose::prelude::*;
use tokio::time::sleep;

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::serve(Kitchen::default()).run().await
}

#[derive(Default)]
struct Kitchen {
    burnt: AtomicU32,
}

/// Cooks, slowly.
#[mcp_server]
impl Kitchen {
    /// Let something simmer; a minute takes ten milliseconds here.
    #[tool(destructive = false)]
    async fn simmer(&self, ctx: &Ctx, minutes: u32) -> Result<String> {
        for minute in 1..=minutes {
            tokio::select! {
                () = sleep(Duration::from_millis(10)) => {}
                // Without this the method is dropped at an `.await` some time later.
                () = ctx.cancelled() => {
                    self.burnt.fetch_add(1, Ordering::Relaxed);
                    return Err(ToolError::new("taken off the fire"));
                }
            }
            ctx.progress_with(minute, minutes, format!("minute {minute}"))
                .await;
        }
        ctx.log(LogLevel::Info, "dinner is ready").await;
        Ok(format!("simmered for {minutes} minutes"))
    }

    /// Tell how many meals were taken off the fire too early.
    #[tool(read_only)]
    fn burnt(&self) -> u32 {
        self.burnt.load(Ordering::Relaxed)
    }
}
