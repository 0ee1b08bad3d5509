// Nine mistakes, nine messages, nothing else.
// errors: 9
#![allow(unused_variables)]
use mcp_compose::mcp_server;

struct S;

#[mcp_server(titel = "x")]
impl S {
    #[tool]
    fn no_description(&self) {}

    /// Changes.
    #[tool]
    fn change(&mut self) {}

    /// Borrows.
    #[tool(idempotnet)]
    fn borrow(&self, text: &str) {}

    /// Generic.
    #[tool]
    fn generic<T>(&self) {}

    /// Pattern.
    #[tool(name = "a b")]
    fn pattern(&self, (a, b): (u8, u8)) {}

    #[resource("x://{id}")]
    fn variable(&self) -> String {
        String::new()
    }
}

fn main() {
    // No follow-up: the placeholder stands in.
    fn is_server<S: mcp_compose::Server>(_: S) {}
    is_server(S);
    S.borrow("x");
}
