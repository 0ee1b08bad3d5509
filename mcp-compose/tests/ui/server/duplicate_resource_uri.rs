// Copying a resource and changing only half of it.
// errors: 2
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[resource("app://settings")]
    fn settings(&self) -> String {
        String::new()
    }

    #[resource("app://settings", name = "other")]
    fn other(&self) -> String {
        String::new()
    }
}

fn main() {}
