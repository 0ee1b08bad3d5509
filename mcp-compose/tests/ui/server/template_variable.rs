// The variable and the argument are spelled differently.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("todo://items/{id}")]
    fn item(&self) -> String {
        String::new()
    }
}

fn main() {}
