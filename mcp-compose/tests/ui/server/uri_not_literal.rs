// URIs are kept in constants elsewhere.
use mcp_compose::mcp_server;

struct S;

const ITEMS: &str = "todo://items";

#[mcp_server]
impl S {
    #[resource(ITEMS)]
    fn items(&self) -> String {
        String::new()
    }
}

fn main() {}
