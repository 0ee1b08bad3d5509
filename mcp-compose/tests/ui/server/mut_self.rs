// Plain Rust methods that change state take `&mut self`.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&mut self) {}
}

fn main() {}
