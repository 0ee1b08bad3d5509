// A method of a trait, or one that is being written.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(&self, title: String);
}

fn main() {}
