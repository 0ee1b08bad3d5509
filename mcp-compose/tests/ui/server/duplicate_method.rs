// Copying a tool and changing only its attribute.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}

    /// Adds more.
    #[tool(name = "add_more")]
    fn add(&self) {}
}

fn main() {}
