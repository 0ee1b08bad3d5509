// A format string looks much the same.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("todo://items/{}")]
    fn item(&self, id: String) -> String {
        id
    }
}

fn main() {}
