// A name that says it all.
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    /// Adds.
    #[tool]
    fn add_a_todo_to_the_list_of_all_todos_of_everybody_in_the_whole_team(&self) {}
}

fn main() {}
