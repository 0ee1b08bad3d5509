// A parameter that is being written.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(
        &self,
        /// What to do.
        title
    ) {}

    /// Counts.
    #[tool]
    fn count(&self) -> u8 {
        1
    }
}

fn main() {}
