// A type of the user's own inside an `Option`, without the derives.
use mcp_compose::mcp_server;

struct S;

struct Point {
    x: u8,
}

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    fn draw(&self, at: Option<Point>) -> u8 {
        at.map_or(0, |at| at.x)
    }
}

fn main() {}
