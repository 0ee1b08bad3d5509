// A template names its variables.
use mcp_compose::mcp_server;

struct S;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct New {
    title: String,
}

#[mcp_server]
impl S {
    #[resource("todo://{title}")]
    fn item(&self, #[args] new: New) -> String {
        new.title
    }
}

fn main() {}
