// An argument beside those of the URI.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("todo://items/{id}")]
    fn item(&self, id: String, name: String) -> String {
        id + &name
    }
}

fn main() {}
