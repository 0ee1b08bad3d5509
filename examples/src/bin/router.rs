//! The server as a part of a web server of one's own: an axum router beside other routes.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin router -- --http 127.0.0.1:8808
//! ```

use std::error::Error;

use axum::Router;
use axum::routing::get;
use mcp_compose::compose;
use mcp_compose::prelude::*;
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // As with the other examples: `--http ADDRESS`.
    let address = std::env::args().nth(2);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;

    // Its children can be looked at, added and removed while it is served.
    let running = compose! { name = "router", _: Clock }.start()?;
    let app = Router::new()
        .route("/health", get(|| async { "well" }))
        // The endpoint is `/mcp`.
        .merge(running.router());

    eprintln!("serving on http://{}/mcp", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(async { drop(ctrl_c().await) })
        .await?;
    running.stop().await;
    Ok(())
}

struct Clock;

/// Tells the time.
#[mcp_server]
impl Clock {
    /// Seconds since 1970.
    #[tool(read_only)]
    fn now(&self) -> Result<u64> {
        Ok(std::time::UNIX_EPOCH.elapsed()?.as_secs())
    }
}
