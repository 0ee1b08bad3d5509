// A tool that needs no state.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Rolls.
    #[tool]
    fn roll() -> u8 {
        4
    }
}

fn main() {}
