// Copied from another argument; case does not matter in headers.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Orders.
    #[tool]
    fn order(&self, #[header = "Region"] from: String, #[header = "region"] to: String) -> String {
        from + &to
    }
}

fn main() {}
