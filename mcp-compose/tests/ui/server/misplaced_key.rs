// Resources have a MIME type, tools do not.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool(mime = "text/plain")]
    fn add(&self) {}
}

fn main() {}
