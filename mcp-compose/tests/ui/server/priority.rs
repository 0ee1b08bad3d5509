// Priorities often count from 1.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("app://settings", priority = 5)]
    fn settings(&self) -> String {
        String::new()
    }
}

fn main() {}
