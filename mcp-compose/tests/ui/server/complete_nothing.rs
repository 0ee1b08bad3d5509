// What is completed seems to follow from the name.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self, topic: String) -> String {
        topic
    }

    #[complete]
    fn topics(&self, partial: &str) -> Vec<String> {
        vec![partial.into()]
    }
}

fn main() {}
