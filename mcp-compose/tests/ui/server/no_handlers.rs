// A macro inside the block is expanded later.
use mcp_compose::mcp_server;

struct S;

macro_rules! make_tools { () => {} }

#[mcp_server]
impl S {
    make_tools!();

    fn helper(&self) {}
}

fn main() {}
