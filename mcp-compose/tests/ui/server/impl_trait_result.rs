// An iterator need not be collected elsewhere.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Counts.
    #[tool]
    fn count(&self) -> impl Iterator<Item = u8> {
        0..7
    }
}

fn main() {}
