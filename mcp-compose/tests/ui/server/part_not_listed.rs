// A new block is easily forgotten in the list.
// errors: 2
use mcp_compose::mcp_server;

struct Shop;

#[mcp_server(parts(admin))]
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

#[mcp_server(part = reports)]
impl Shop {
    /// Counts.
    #[tool(read_only)]
    fn count(&self) {}
}

struct Generic<T>(T);

#[mcp_server]
impl<T: Send + Sync + 'static> Generic<T> {
    /// Looks.
    #[tool(read_only)]
    fn look(&self) {}
}

#[mcp_server(part = more)]
impl<T: Send + Sync + 'static> Generic<T> {
    /// Looks again.
    #[tool(read_only)]
    fn look_again(&self) {}
}

fn main() {}
