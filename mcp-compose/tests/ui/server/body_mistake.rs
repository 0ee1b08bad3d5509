// A mistake in a body is one of that body only.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(&self, title: String) -> usize {
        title.length()
    }
}

fn main() {}
