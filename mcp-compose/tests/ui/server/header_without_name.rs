// The name of the header seems to follow from the argument.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Orders.
    #[tool]
    fn order(&self, #[header] region: String) -> String {
        region
    }
}

fn main() {}
