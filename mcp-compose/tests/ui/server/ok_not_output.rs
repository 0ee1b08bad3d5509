// A type of the user's own in a `Result`, without the derives.
use mcp_compose::mcp_server;

struct S;

struct Out;

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    async fn draw(&self) -> Result<Out, String> {
        Ok(Out)
    }
}

fn main() {}
