// Settings that cannot be, as far as literals show it.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        name = "",
        separator = "::",
        max_name = 16,
        strict = 1,
    };
    let _ = compose! { separator = "" };
}
