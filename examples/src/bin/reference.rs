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
use std::process::{ExitCode, Stdio};
use std::time::Instant;

use mcp_compose::child::{self, stdio};
use mcp_compose::compose;
use mcp_compose::prelude::*;
use mcp_compose_examples::{node_tool, on_path, python};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

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
    fn aggregator_status(&self) -> Status {
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: self.started.elapsed().as_secs(),
            children: ["database", "weather", "manufact"]
                .map(str::to_owned)
                .into(),
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

/// The HTTP child, and the process behind it if that is ours.
struct Manufact {
    url: String,
    _process: Option<Child>,
}

impl Manufact {
    async fn find(folder: &Path) -> std::io::Result<Self> {
        if let Ok(url) = std::env::var("MANUFACT_URL") {
            return Ok(Manufact {
                url,
                _process: None,
            });
        }
        let mut process = Command::new(python())
            .arg(folder.join("manufact.py"))
            // It ends with its stdin: also when this process is killed and cannot end it.
            .arg("--until-eof")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process
            .stdout
            .take()
            .ok_or(std::io::ErrorKind::BrokenPipe)?;
        // Its first line is its URL.
        let line = BufReader::new(stdout).lines().next_line().await?;
        let url = line.ok_or_else(|| {
            std::io::Error::other(
                "manufact.py did not start; `cargo xtask peers` installs what it needs",
            )
        })?;
        Ok(Manufact {
            url,
            _process: Some(process),
        })
    }
}
