// A parameter that is being written.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(read_only)]
    fn add(
        &self,
        /// What to do.
        title
    ) {}

    /// Counts.
    #[tool(read_only)]
    fn count(&self) -> u8 {
        1
    }
}

fn main() {}
