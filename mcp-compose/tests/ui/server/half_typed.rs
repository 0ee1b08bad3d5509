// A method that is being written.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(title = )]
    fn add(&self) {}
}

fn main() {}
