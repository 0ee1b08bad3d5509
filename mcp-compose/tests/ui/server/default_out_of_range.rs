// A default that the type cannot hold.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(&self, #[default(-1)] priority: u8) -> u8 {
        priority
    }
}

fn main() {}
