// An argument of a feature.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[cfg(feature = "admin")] title: String) -> String {
        title
    }
}

fn main() {}
