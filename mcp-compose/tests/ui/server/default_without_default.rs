// A type without a default.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Point {
    x: u8,
}

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(&self, #[default] at: Point) -> u8 {
        at.x
    }
}

fn main() {}
