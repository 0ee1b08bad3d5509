// `impl Into<String>` is good style elsewhere.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Echoes.
    #[tool]
    fn echo(&self, text: impl Into<String>) -> String {
        text.into()
    }
}

fn main() {}
