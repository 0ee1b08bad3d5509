// The title of a tool, as other frameworks take it.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool("Adds two numbers")]
    fn add(&self) {}
}

fn main() {}
