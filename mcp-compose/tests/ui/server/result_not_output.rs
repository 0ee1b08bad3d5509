// A type of the user's own, without the derives.
use mcp_compose::mcp_server;

struct S;

struct Out;

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    fn draw(&self) -> Out {
        Out
    }
}

fn main() {}
