// A list of a type of the user's own, without the derives.
use mcp_compose::mcp_server;

struct S;

struct Point {
    x: u8,
}

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    fn draw(&self, line: Vec<Point>) -> usize {
        line.iter().map(|at| usize::from(at.x)).sum()
    }
}

fn main() {}
