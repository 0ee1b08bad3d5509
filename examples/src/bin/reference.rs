//! A TypeScript child, a Python child and an HTTP child beside a tool of our own.
//!
//! `cargo xtask peers` installs what the children need. The HTTP child is the server at
//! `MANUFACT_URL` or, without that variable, a stand-in that this program starts.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin reference -- --http 127.0.0.1:8808
//! ```

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use mcp_compose::child::{self, stdio};
use mcp_compose::prelude::*;
use mcp_compose::{Children, compose};
use mcp_compose_examples::manufact::Manufact;
use mcp_compose_examples::{node_tool, on_path, python};
use schemars::JsonSchema;
use serde::Serialize;

/// Where the children's sources lie.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/reference");

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = Path::new(FOLDER);
    let manufact = Manufact::find(folder).await?;
    let composition = compose! {
        name = "reference",
        _: Aggregator { started: Instant::now() },
        database: stdio(node_tool(folder, "tsx"), "db.ts").cwd(folder),
        weather: weather(folder),
        manufact: http(&manufact.url),
    };
    Ok(composition.run().await)
}

struct Aggregator {
    started: Instant,
}

#[derive(Serialize, JsonSchema)]
struct Status {
    version: String,
    uptime_seconds: u64,
    children: Vec<String>,
}

/// Parts: what is in stock, what can be ordered, and what the weather does to it.
#[mcp_server]
impl Aggregator {
    /// How this server is doing, and what it is composed of.
    #[tool(read_only)]
    fn aggregator_status(&self, children: Children) -> Status {
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: self.started.elapsed().as_secs(),
            children: children.names(),
        }
    }
}

/// The Python child under `uv`, which brings its packages, or else under a Python that has them.
fn weather(folder: &Path) -> child::Stdio {
    let command = match on_path("uv") {
        Some(uv) => stdio(uv).args(["run", "--no-project", "--with", "fastmcp==4.1.6"]),
        None => stdio(python()),
    };
    command.arg("weather.py").cwd(folder)
}
