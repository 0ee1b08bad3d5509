// A type of the user's own, without the derives.
#![allow(unused_variables)]
use mcp_compose::mcp_server;

struct P;

struct S;

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    fn draw(&self, at: P, to: Option<P>) {}
}

fn main() {}
