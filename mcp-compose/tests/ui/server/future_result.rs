// An `async` function, written out.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Waits.
    #[tool]
    fn wait(&self) -> impl Future<Output = String> {
        async { String::new() }
    }
}

fn main() {}
