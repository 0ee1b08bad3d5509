// A title that is a number.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(title = 7)]
    fn add(&self) {}
}

fn main() {}
