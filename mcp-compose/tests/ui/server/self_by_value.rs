// A method that ends something.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Ends.
    #[tool]
    fn end(self) {}
}

fn main() {}
