// Which block the server's keys belong on is easy to forget.
// errors: 8
use mcp_compose::mcp_server;

struct One;

#[mcp_server(part = admin, title = "One", version = "1")]
impl One {
    /// Closes.
    #[tool(destructive)]
    fn close(&self) {}
}

#[mcp_server(parts(admin, admin), part = other)]
impl One {}

struct Two;

#[mcp_server(parts = admin)]
impl Two {
    /// Sells.
    #[tool(destructive)]
    fn sell(&self) {}
}

#[mcp_server(part = "admin")]
impl Two {
    /// Closes.
    #[tool(destructive)]
    fn close(&self) {}
}

struct Three;

#[mcp_server(parts())]
impl Three {
    /// Sells.
    #[tool(destructive)]
    fn sell(&self) {}
}

fn main() {}
