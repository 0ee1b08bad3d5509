// `Serialize` alone is enough for serde.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Serialize)]
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
