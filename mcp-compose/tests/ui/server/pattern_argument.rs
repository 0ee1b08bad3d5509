// Patterns are legal in Rust parameters.
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
