// A slip.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(naem = "plus")]
    fn add(&self) {}
}

fn main() {}
