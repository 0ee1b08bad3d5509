// A path of an HTTP server.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("items/1")]
    fn item(&self) -> String {
        String::new()
    }
}

fn main() {}
