// `#[mcp_server]` was forgotten.
struct S;

impl S {
    /// Adds.
    #[tool]
    fn add(&self) {}
}

fn main() {}
