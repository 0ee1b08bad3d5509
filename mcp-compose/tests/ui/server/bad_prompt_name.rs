// Prompts are named like tools.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt(name = "plan/work")]
    fn plan(&self) -> String {
        String::new()
    }
}

fn main() {}
