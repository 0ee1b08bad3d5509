// Other frameworks mark modules.
use mcp_compose::mcp_server;

#[mcp_server]
mod tools {
    pub fn greet(name: String) -> String {
        name
    }
}

fn main() {}
