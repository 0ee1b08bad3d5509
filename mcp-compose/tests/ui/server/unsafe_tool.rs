// A tool that calls C.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Reads.
    #[tool]
    unsafe fn read(&self, address: usize) -> usize {
        address
    }
}

fn main() {}
