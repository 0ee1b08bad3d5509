// A type of the user's own, without the derives.
use mcp_compose::mcp_server;

struct Out;

struct S;

#[mcp_server]
impl S {
    /// Draws.
    #[tool(read_only)]
    fn draw(&self) -> Out {
        Out
    }

    /// Draws, or fails.
    #[tool(read_only)]
    async fn try_draw(&self) -> Result<Out, String> {
        Ok(Out)
    }
}

fn main() {}
