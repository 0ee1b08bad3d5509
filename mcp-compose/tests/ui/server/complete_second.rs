// Two arguments depend on each other.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self, topic: String) -> String {
        topic
    }

    #[complete(plan.topic)]
    fn topics(&self, partial: &str, area: &str) -> Vec<String> {
        vec![partial.into(), area.into()]
    }
}

fn main() {}
