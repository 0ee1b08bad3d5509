// The separator is part of a namespace.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        db: stdio("a"),
        db_main: stdio("b"),
        "x-y": stdio("c"),
        x_y: stdio("d"),
    };
}
