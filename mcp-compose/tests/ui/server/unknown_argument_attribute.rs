// A slip in an attribute of an argument.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[defualt] priority: u8) -> u8 {
        priority
    }
}

fn main() {}
