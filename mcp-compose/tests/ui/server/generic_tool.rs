// A generic method looks reusable.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Echoes.
    #[tool]
    fn echo<T: Into<String>>(&self, text: T) -> String {
        text.into()
    }
}

fn main() {}
