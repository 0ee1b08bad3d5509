//! `mcp-compose`: many MCP servers as one, from an `mcpServers` file.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::cli::main().await
}
