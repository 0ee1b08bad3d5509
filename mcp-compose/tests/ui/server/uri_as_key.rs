// Other frameworks write `uri = ..`.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource(uri = "todo://items")]
    fn items(&self) -> String {
        String::new()
    }
}

fn main() {}
