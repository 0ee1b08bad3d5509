// Each namespace becomes a field.
use mcp_compose::compose;

compose! {
    struct Backend {
        my_db: stdio("a"),
        "my-db": stdio("b"),
        other: stdio("c"),
        other: stdio("d"),
        self: stdio("e"),
    }
}

fn main() {}
