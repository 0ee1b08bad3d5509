// The crate was renamed in `Cargo.toml`.
use mcp_compose::mcp_server;

struct S;

#[mcp_server(crate = mcp_compose)]
impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
