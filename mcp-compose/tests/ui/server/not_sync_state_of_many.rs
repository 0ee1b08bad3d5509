// Each method would say it again.
// errors: 2
use std::rc::Rc;

use mcp_compose::mcp_server;

struct S {
    seen: Rc<u8>,
}

#[mcp_server]
impl S {
    /// Counts.
    #[tool(read_only)]
    fn count(&self) -> u8 {
        *self.seen
    }

    /// Counts again.
    #[tool(read_only)]
    async fn recount(&self) -> u8 {
        *self.seen
    }
}

fn main() {}
