// A type of the user's own in a prompt.
use mcp_compose::mcp_server;

struct S;

struct Point {
    x: u8,
}

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self, at: Point) -> String {
        at.x.to_string()
    }
}

fn main() {}
