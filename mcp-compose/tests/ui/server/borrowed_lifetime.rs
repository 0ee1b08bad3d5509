// A value that may be borrowed.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Greets.
    #[tool]
    fn greet<'a>(&self, name: std::borrow::Cow<'a, str>) -> String {
        name.into()
    }
}

fn main() {}
