// Other frameworks mark traits.
use mcp_compose::mcp_server;

#[mcp_server]
trait Tools {
    fn greet(&self, name: String) -> String;
}

fn main() {}
