// rustc advises a lifetime for a borrowed result.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Shortens.
    #[tool]
    fn shorten<'a>(&self, text: &'a str) -> usize {
        text.len()
    }
}

fn main() {}
