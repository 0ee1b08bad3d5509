// The name of a tool, as other frameworks take it.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool("plus")]
    fn add(&self) {}
}

fn main() {}
