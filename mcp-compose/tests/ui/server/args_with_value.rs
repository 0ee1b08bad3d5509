// A flag with a name.
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
    fn add(&self, #[args = "new"] new: New) -> String {
        new.title
    }
}

fn main() {}
