// Titles have spaces, names do not.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(name = "my tool")]
    fn add(&self) {}
}

fn main() {}
