// A namespace that is legal as such, under a setting that leaves little.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        a_rather_long_namespace: stdio("a"),
        max_name = 24,
    };
}
