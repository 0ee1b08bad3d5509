// An error type that only has `Debug`.
use mcp_compose::mcp_server;

struct S;

#[derive(Debug)]
struct Broken;

#[mcp_server]
impl S {
    /// Fails.
    #[tool(read_only)]
    fn fail(&self) -> Result<(), Broken> {
        Err(Broken)
    }
}

fn main() {}
