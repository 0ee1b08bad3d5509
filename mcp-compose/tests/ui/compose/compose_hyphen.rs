// A name with `-` is no identifier.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        my-database: stdio("a"),
        other: stdio("b"),
    };
}
