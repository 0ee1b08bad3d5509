// `Deserialize` alone is enough for serde.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Deserialize)]
struct Point {
    x: u8,
}

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    fn draw(&self, at: Point) -> u8 {
        at.x
    }
}

fn main() {}
