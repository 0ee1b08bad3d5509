// A type of a crate that knows nothing of schemas.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Waits.
    #[tool]
    fn wait(&self, until: std::time::Instant) -> bool {
        until.elapsed().is_zero()
    }
}

fn main() {}
