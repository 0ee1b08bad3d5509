// The tools of a trait are to be served.
use mcp_compose::mcp_server;

struct S;

trait Greet {
    fn greet(&self) -> String;
}

#[mcp_server]
impl Greet for S {
    fn greet(&self) -> String {
        String::new()
    }
}

fn main() {}
