// The name is to be filled in.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(name = "")]
    fn add(&self) {}
}

fn main() {}
