// A macro inside the block is expanded later.
use mcp_compose::mcp_server;

macro_rules! make_tools { () => {} }

struct S;

#[mcp_server]
impl S {
    make_tools!();

    fn helper(&self) {}
}

fn main() {}
