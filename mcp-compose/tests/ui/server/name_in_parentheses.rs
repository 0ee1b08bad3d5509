// The keys of a tool stand in parentheses.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add(&self, #[name("dueDate")] due: String) -> String {
        due
    }
}

fn main() {}
