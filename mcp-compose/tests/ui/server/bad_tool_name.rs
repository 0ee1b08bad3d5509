// Titles have spaces, names do not.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(name = "my tool")]
    fn add(&self) {}

    /// Adds.
    #[tool(name = NAME)]
    fn add_more(&self) {}
}

fn main() {}
