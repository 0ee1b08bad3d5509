// One more argument than the struct has.
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
    fn add(&self, #[args] new: New, priority: u8) -> String {
        format!("{priority} {}", new.title)
    }
}

fn main() {}
