// Keys on lines of their own.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(
        title = "Add"
        read_only
    )]
    fn add(&self) {}
}

fn main() {}
