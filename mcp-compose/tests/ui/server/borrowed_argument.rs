// Plain Rust methods take `&str`.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Greets.
    #[tool]
    fn greet(&self, name: &str, ids: &[u64]) -> String {
        format!("{name} {ids:?}")
    }

    /// Greets many.
    #[tool]
    fn greet_all(&self, names: Vec<&str>) -> String {
        format!("{names:?}")
    }
}

fn main() {}
