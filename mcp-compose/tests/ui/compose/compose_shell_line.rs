// Configuration files often hold a shell line.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        web: stdio("npx -y server"),
        none: stdio(),
        empty: stdio("").env("A", "b"),
    };
}
