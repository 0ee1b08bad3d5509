// A type beside those of the URI that is not taken from the call.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Deserialize)]
struct Point {
    x: u8,
}

#[mcp_server]
impl S {
    #[resource("map://place")]
    fn place(&self, at: Point) -> String {
        at.x.to_string()
    }
}

fn main() {}
