// The name of a header is not a title.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Orders.
    #[tool]
    fn order(&self, #[header = "Ship to"] region: String) -> String {
        region
    }
}

fn main() {}
