// A type of the user's own in an alias of `Result`, without the derives.
use mcp_compose::mcp_server;

struct S;

struct Out;

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    async fn draw(&self) -> mcp_compose::Result<Vec<Out>> {
        Ok(vec![Out])
    }
}

fn main() {}
