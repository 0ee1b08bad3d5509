// The attribute belongs to the impl block, not to the type.
use mcp_compose::mcp_server;

#[mcp_server]
struct S;

fn main() {}
