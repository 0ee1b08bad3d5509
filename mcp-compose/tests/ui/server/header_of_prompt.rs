// Only calls of tools have such headers.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self, #[header = "Topic"] topic: String) -> String {
        topic
    }
}

fn main() {}
