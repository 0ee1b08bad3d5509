// Copied from another argument.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, topic: String, #[name = "topic"] subject: String) -> String {
        topic + &subject
    }
}

fn main() {}
