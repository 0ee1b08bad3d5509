// A size with a unit.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("app://settings", size = "1 kB")]
    fn settings(&self) -> String {
        String::new()
    }
}

fn main() {}
