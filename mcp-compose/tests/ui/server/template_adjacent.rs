// Two variables with nothing between them.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("todo://{a}{b}")]
    fn item(&self, a: String, b: String) -> String {
        a + &b
    }
}

fn main() {}
