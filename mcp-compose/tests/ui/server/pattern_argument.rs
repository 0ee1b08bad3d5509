// Patterns are legal in Rust parameters.
#![allow(unused_variables)]
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Moves.
    #[tool]
    fn shift(&self, (x, y): (i32, i32)) -> i32 {
        x + y
    }
}

fn main() {}
