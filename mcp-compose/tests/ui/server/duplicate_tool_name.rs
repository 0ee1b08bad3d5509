// Copying a tool and changing only half of it.
// errors: 2
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}

    /// Adds more.
    #[tool(name = "add")]
    fn add_more(&self) {}
}

fn main() {}
