// A default for what is no argument.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[default] ctx: &mcp_compose::Ctx) {
        let _ = ctx;
    }
}

fn main() {}
