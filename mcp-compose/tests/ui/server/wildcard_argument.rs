// An argument that is not used yet.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Moves.
    #[tool]
    fn shift(&self, _: i32) {}
}

fn main() {}
