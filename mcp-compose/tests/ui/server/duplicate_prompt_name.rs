// Copying a prompt and changing only half of it.
// errors: 2
use mcp_compose::mcp_server;

struct S;

#[mcp_server]
impl S {
    #[prompt]
    fn plan(&self) -> String {
        String::new()
    }

    #[prompt(name = "plan")]
    fn plan_again(&self) -> String {
        String::new()
    }
}

fn main() {}
