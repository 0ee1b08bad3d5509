// A type beside the struct of arguments that is not taken from the call.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Point {
    x: u8,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct New {
    title: String,
}

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(&self, #[args] new: New, at: Point) -> String {
        format!("{} {}", at.x, new.title)
    }
}

fn main() {}
