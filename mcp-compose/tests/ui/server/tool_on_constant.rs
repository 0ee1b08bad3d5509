// An attribute too early.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[tool]
    const MOST: usize = 7;

    /// Adds.
    #[tool]
    fn add(&self) -> usize {
        Self::MOST
    }
}

fn main() {}
