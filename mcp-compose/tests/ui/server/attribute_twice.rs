// Two attributes rather than two keys in one.
use mcp_compose::mcp_server;

struct S;

#[mcp_server(name = "x")]
#[mcp_server(version = "1")]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
