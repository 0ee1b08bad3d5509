// A doc comment that is to be written.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    ///
    #[tool]
    fn add(&self) {}
}

fn main() {}
