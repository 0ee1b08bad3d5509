// A prompt that is a tool as well.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Plans.
    #[prompt]
    #[tool]
    fn plan(&self, topic: String) -> String {
        topic
    }
}

fn main() {}
