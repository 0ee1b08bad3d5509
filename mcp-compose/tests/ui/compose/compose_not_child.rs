// Any expression is legal, but not every type.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        a: 7u8,
        _: String::new(),
    };
}
