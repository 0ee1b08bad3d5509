// `Option` and a default say the same twice.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[default] priority: Option<u8>) -> u8 {
        priority.unwrap_or(0)
    }
}

fn main() {}
