// Copied from another tool.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(title = "Add", read_only, title = "Plus")]
    fn add(&self) {}
}

fn main() {}
