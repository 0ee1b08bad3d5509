// State in a `Cell`, as in single-threaded programs.
use std::cell::Cell;

use mcp_compose::mcp_server;

struct S {
    seen: Cell<u8>,
}

#[mcp_server]
impl S {
    /// Counts.
    #[tool(read_only)]
    fn count(&self) -> u8 {
        self.seen.get()
    }
}

fn main() {}
