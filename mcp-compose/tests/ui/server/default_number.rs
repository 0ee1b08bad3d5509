// A text that looks like a number.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(&self, #[default = 7] title: String) -> String {
        title
    }
}

fn main() {}
