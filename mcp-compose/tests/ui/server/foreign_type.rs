// A type of a crate that knows nothing of schemas.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Waits.
    #[tool(read_only)]
    fn wait(&self, until: std::time::Instant) -> bool {
        until.elapsed().is_zero()
    }
}

fn main() {}
