// What holds for all tools is said once, for the block.
use mcp_compose::mcp_server;

struct S;

#[mcp_server(read_only)]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
