// Completions name arguments as clients do.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self, #[name = "area"] topic: String) -> String {
        topic
    }

    #[complete(plan.topic)]
    fn topics(&self, partial: &str) -> Vec<String> {
        vec![partial.into()]
    }
}

fn main() {}
