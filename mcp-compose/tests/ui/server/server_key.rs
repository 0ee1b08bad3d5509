// A slip in the attribute of the block.
use mcp_compose::mcp_server;

struct S;

#[mcp_server(nmae = "x")]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
