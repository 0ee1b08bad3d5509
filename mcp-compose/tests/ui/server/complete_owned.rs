// All other methods own their arguments.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self, topic: String) -> String {
        topic
    }

    #[complete(plan.topic)]
    fn topics(&self, partial: String) -> Vec<String> {
        vec![partial]
    }
}

fn main() {}
