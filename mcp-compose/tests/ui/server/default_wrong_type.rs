// A number, written like in JSON.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(&self, #[default = "0"] priority: u8) -> u8 {
        priority
    }
}

fn main() {}
