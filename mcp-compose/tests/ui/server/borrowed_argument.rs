// Plain Rust methods take `&str`.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Greets.
    #[tool]
    fn greet(&self, name: &str) -> String {
        name.into()
    }
}

fn main() {}
