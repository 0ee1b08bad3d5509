// Fields are returned by reference.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// The mottos.
    #[tool]
    fn mottos(&self) -> Vec<&str> {
        vec!["x"]
    }
}

fn main() {}
