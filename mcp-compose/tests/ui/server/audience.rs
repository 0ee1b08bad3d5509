// Roles have fixed names.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("app://settings", audience = ["users"])]
    fn settings(&self) -> String {
        String::new()
    }
}

fn main() {}
