// The variable and the argument are spelled differently.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("todo://items/{id}")]
    fn item(&self, name: String) -> String {
        name
    }

    #[resource("items/1")]
    fn no_scheme(&self) -> String {
        String::new()
    }

    #[resource("todo://{a}{b}")]
    fn adjacent(&self, a: String, b: String) -> String {
        a + &b
    }

    #[resource]
    fn no_uri(&self) -> String {
        String::new()
    }
}

fn main() {}
