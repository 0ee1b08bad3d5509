// Settings are written with `=`, children with `:`.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        name: "factory",
        separator: "__",
        database = stdio("tsx", "db.ts").env("A", "b"),
        web = http("https://example.com/mcp"),
        db: stdio("a"),
    };
}
