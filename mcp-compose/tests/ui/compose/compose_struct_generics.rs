// A struct of handles owns its children.
use mcp_compose::compose;

compose! {
    struct Backend<'a, T>(program: &'a str, other: T) where T: Into<String> {
        database: stdio("a"),
    }
}

fn main() {}
