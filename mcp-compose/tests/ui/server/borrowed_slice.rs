// Plain Rust methods take slices.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn sum(&self, numbers: &[u64]) -> u64 {
        numbers.iter().sum()
    }
}

fn main() {}
