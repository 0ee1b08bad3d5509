// Only a composition has children to take over.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        ..stdio("a"),
        ..7u8,
    };
}
