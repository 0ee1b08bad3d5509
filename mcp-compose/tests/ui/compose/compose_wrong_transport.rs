// Each kind of child has options of its own.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        a: http("https://example.com/mcp").env("KEY", "value"),
        b: stdio("b").bearer("token"),
    };
}
