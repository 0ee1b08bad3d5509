// The outer type has the derives, the inner one was forgotten.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Deserialize)]
struct Point {
    x: u8,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Line {
    from: Point,
}

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    fn draw(&self, #[args] line: Line) -> u8 {
        line.from.x
    }
}

fn main() {}
