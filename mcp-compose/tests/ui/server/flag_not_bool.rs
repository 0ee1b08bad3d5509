// Hints of MCP are JSON.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only = "true")]
    fn add(&self) {}
}

fn main() {}
