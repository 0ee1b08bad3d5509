//! Children from a file in the `mcpServers` form that MCP clients use, beside a tool of our own.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin config -- list
//! ```

use std::error::Error;
use std::process::ExitCode;

use mcp_compose::prelude::*;
use mcp_compose::{Composition, compose};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mcp.json");

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // What is wrong with the file is told all at once, each with its place.
    let shared = Composition::from_file(FILE)?;
    let composition = compose! {
        name = "config",
        _: Own,
        ..shared
    };
    Ok(composition.run().await)
}

struct Own;

/// Beside the children of the file.
#[mcp_server]
impl Own {
    /// Tell where the children come from.
    #[tool(read_only)]
    fn source(&self) -> &'static str {
        "mcp.json"
    }
}
