// The method was renamed.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self, topic: String) -> String {
        topic
    }

    #[complete(plna.topic)]
    fn topics(&self, partial: &str) -> Vec<String> {
        vec![partial.into()]
    }
}

fn main() {}
