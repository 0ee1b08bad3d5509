// The attributes of tools need nothing.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource]
    fn item(&self) -> String {
        String::new()
    }
}

fn main() {}
