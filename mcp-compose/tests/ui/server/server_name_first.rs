// The name of the server, as other frameworks take it.
use mcp_compose::mcp_server;

struct S;

#[mcp_server("todo")]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
