// A slip in a URL, or no URL at all.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        a: http("htps://example.com/mcp"),
        b: http("example.com/mcp"),
        c: http("https://exa mple.com"),
    };
}
