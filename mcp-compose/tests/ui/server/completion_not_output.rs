// One suggestion rather than a list.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self, topic: String) -> String {
        topic
    }

    #[complete(plan.topic)]
    fn topics(&self, partial: &str) -> String {
        partial.into()
    }
}

fn main() {}
