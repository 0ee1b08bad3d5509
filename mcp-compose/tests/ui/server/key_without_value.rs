// A title is not a flag.
use mcp_compose::mcp_server;

struct S;

#[mcp_server(title)]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
