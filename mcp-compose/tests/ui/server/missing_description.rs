// Models choose tools by their descriptions.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Has one.
    #[tool]
    fn a(&self) {}

    #[tool]
    fn b(&self) {}
}

fn main() {}
