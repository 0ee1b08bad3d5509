// A path looks safer than a bare attribute.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[mcp_compose::tool]
    fn add(&self) {}
}

fn main() {}
