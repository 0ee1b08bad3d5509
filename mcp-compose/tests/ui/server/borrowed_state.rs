// State is borrowed in programs of one thread.
use mcp_compose::mcp_server;

struct S<'a> {
    title: &'a str,
}

#[mcp_server]
impl<'a> S<'a> {
    /// The title.
    #[tool]
    fn title(&self) -> String {
        self.title.into()
    }
}

fn main() {}
