// `Option<&str>` is good style elsewhere.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Greets.
    #[tool]
    fn greet(&self, name: Option<&str>) -> String {
        name.unwrap_or("you").into()
    }
}

fn main() {}
