// Other frameworks mark functions.
use mcp_compose::mcp_server;

#[mcp_server]
fn greet(name: String) -> String {
    name
}

fn main() {}
