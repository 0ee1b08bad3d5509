// All arguments are optional.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Deserialize, schemars::JsonSchema, Default)]
struct New {
    title: String,
}

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[args] #[default] new: New) -> String {
        new.title
    }
}

fn main() {}
