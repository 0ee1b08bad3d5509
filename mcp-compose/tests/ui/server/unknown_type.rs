// An import is missing.
// errors: 2
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(&self, title: Headline) -> Headline {
        title
    }
}

fn main() {}
