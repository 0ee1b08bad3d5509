//! `mcp-compose`: many MCP servers as one, from an `mcpServers` file.

use std::process::ExitCode;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::cli::main().await
}
