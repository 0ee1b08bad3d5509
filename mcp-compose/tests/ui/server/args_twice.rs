// Two structs of arguments.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct New {
    title: String,
}

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[args] one: New, #[args] two: New) -> String {
        one.title + &two.title
    }
}

fn main() {}
