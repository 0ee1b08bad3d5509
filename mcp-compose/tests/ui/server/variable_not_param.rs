// A type of the user's own in a template.
use mcp_compose::mcp_server;

struct S;

struct Point {
    x: u8,
}

#[mcp_server]
impl S {
    #[resource("map://{at}")]
    fn place(&self, at: Point) -> String {
        at.x.to_string()
    }
}

fn main() {}
