// Each block is checked by itself; together they are one server.
// errors: 2
use mcp_compose::mcp_server;

struct Shop;

#[mcp_server(parts(admin, reports))]
impl Shop {
    /// Sells.
    #[tool(destructive)]
    fn sell(&self) {}

    #[resource("shop://sign")]
    fn sign(&self) -> &'static str {
        "open"
    }
}

#[mcp_server(part = admin)]
impl Shop {
    /// Sells as well.
    #[tool(destructive, name = "sell")]
    fn sell_by_hand(&self) {}

    // A prompt may be called what a tool is.
    #[prompt(name = "count")]
    fn advise(&self) -> &'static str {
        "Count."
    }
}

#[mcp_server(part = reports)]
impl Shop {
    /// Counts.
    #[tool(read_only)]
    fn count(&self) {}

    #[resource("shop://sign")]
    fn sign_again(&self) -> &'static str {
        "open"
    }
}

fn main() {}
