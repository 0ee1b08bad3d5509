// Names are kept in constants elsewhere.
use mcp_compose::mcp_server;

struct S;

const NAME: &str = "plus";

#[mcp_server]
impl S {
    /// Adds.
    #[tool(name = NAME)]
    fn add(&self) {}
}

fn main() {}
