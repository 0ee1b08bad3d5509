// A slip in a setting, and a child written as one.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        seperator = "__",
        database = stdio("tsx"),
        name = "x",
        name = "y",
    };
}
