// RFC 6570 has more than clients send.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("todo://items{?id}")]
    fn item(&self, id: String) -> String {
        id
    }
}

fn main() {}
