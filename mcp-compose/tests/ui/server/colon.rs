// `compose!` writes `key: value`.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(title: "Add")]
    fn add(&self) {}
}

fn main() {}
