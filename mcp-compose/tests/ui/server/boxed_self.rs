// A receiver that is legal in Rust.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Ends.
    #[tool]
    fn end(self: Box<Self>) {}
}

fn main() {}
