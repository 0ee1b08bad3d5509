// The name is to be filled in.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[name = ""] due: String) -> String {
        due
    }
}

fn main() {}
