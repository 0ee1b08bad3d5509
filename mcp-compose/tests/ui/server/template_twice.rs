// One variable in two places.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("todo://{id}/{id}")]
    fn item(&self, id: String) -> String {
        id
    }
}

fn main() {}
