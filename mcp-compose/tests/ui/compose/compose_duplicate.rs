// Two entries, one copied from the other.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        db: stdio("a"),
        "db": stdio("b"),
    };
}
