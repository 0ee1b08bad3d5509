// A field is returned by reference.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// The motto.
    #[tool]
    fn motto(&self) -> &str {
        "x"
    }
}

fn main() {}
