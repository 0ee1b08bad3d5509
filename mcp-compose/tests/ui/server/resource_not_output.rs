// A type of the user's own, without the derive.
use mcp_compose::mcp_server;

struct S;

struct Out;

#[mcp_server]
impl S {
    #[resource("app://settings")]
    fn settings(&self) -> Out {
        Out
    }
}

fn main() {}
