// A block is renamed, or a feature takes it out.
// errors: 2
use mcp_compose::mcp_server;

struct Shop;

#[mcp_server(parts(admin, reports))]
impl Shop {
    /// Sells.
    #[tool(destructive)]
    fn sell(&self) {}
}

#[mcp_server(part = admin)]
impl Shop {
    /// Closes.
    #[tool(destructive)]
    fn close(&self) {}
}

struct Generic<T>(T);

#[mcp_server(parts(more))]
impl<T: Send + Sync + 'static> Generic<T> {
    /// Looks.
    #[tool(read_only)]
    fn look(&self) {}
}

fn main() {}
