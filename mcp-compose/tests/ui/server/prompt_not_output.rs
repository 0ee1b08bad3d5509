// Prompts are text, tools may return anything.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self) -> mcp_compose::Result<u8> {
        Ok(1)
    }
}

fn main() {}
