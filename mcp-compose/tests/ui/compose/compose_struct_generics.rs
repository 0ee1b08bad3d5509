// A struct of handles owns its children.
use mcp_compose::compose;

compose! {
    struct Backend<'a, T>(_program: &'a str, _other: T) where T: Into<String> {
        database: stdio("a"),
    }
}

fn main() {}
