// A version looks like a number.
use mcp_compose::mcp_server;

struct S;

#[mcp_server(version = 1.0)]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
