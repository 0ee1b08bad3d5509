// Namespaces become prefixes of names, and schemes of URIs.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        Database: stdio("a"),
        "my db": stdio("b"),
        "1st": stdio("c"),
        "": stdio("d"),
        a_very_long_namespace_of_more_than_32: stdio("e"),
    };
}
