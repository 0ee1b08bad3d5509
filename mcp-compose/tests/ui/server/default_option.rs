// `Option` and a default say the same twice.
#![allow(unused_variables)]
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[default] n: Option<u8>, #[name = 7] m: u8) {}
}

fn main() {}
