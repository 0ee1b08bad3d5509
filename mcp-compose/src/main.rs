//! `mcp-compose`: a composition that a standard `mcpServers` file declares.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    mcp_compose::cli::main().await
}
