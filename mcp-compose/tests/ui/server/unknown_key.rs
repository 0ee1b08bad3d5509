// A slip, and a word of another framework.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(naem = "plus")]
    fn add(&self) {}

    /// Subtracts.
    #[tool(annotations = 1, title = "x", title = "y")]
    fn sub(&self) {}
}

fn main() {}
