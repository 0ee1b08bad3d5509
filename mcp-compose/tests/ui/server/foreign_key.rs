// A word of another framework.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(annotations(read_only_hint = true))]
    fn add(&self) {}
}

fn main() {}
