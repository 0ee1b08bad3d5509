// Names in `#[complete]` are checked.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Plans.
    #[prompt]
    fn plan(&self, topic: String) -> String {
        topic
    }

    #[complete(plan.topics)]
    fn topics(&self, partial: &str) -> Vec<String> {
        vec![partial.into()]
    }

    #[complete(plna.topic)]
    fn others(&self, partial: &str) -> Vec<String> {
        vec![partial.into()]
    }

    #[complete]
    fn nothing(&self, partial: String) -> Vec<String> {
        vec![partial]
    }
}

fn main() {}
