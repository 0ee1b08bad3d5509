// Other attributes are written `#[doc = ".."]`.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool = "plus"]
    fn add(&self) {}
}

fn main() {}
