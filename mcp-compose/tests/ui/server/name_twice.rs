// Copied from another argument.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[name = "dueDate"] #[name = "due"] due: String) -> String {
        due
    }
}

fn main() {}
