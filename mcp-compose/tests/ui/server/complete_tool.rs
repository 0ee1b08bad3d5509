// Tools have arguments too.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, title: String) -> String {
        title
    }

    #[complete(add.title)]
    fn topics(&self, partial: &str) -> Vec<String> {
        vec![partial.into()]
    }
}

fn main() {}
