// An array of any length.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn sum<const N: usize>(&self, numbers: [u8; N]) -> usize {
        numbers.len()
    }
}

fn main() {}
