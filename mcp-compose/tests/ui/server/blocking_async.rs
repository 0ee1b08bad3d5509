// Both words seem to say "this takes its time".
// errors: 2
use mcp_compose::mcp_server;

struct Files;

#[mcp_server]
impl Files {
    /// Reads.
    #[tool(read_only, blocking)]
    async fn read(&self) -> String {
        String::new()
    }

    /// Writes.
    #[tool(destructive, blocking = true)]
    fn write(&self) {}
}

fn main() {}
