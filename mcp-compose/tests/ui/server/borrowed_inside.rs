// A vector of `&str` is common in tests.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Greets.
    #[tool]
    fn greet(&self, names: Vec<&str>) -> String {
        names.concat()
    }
}

fn main() {}
