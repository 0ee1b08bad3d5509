// Nine mistakes, nine messages, and nothing else.
use mcp_compose::compose;

fn main() {
    let _ = compose! {
        seperator = "__",
        name: "factory",
        Database: stdio("a"),
        web: http("htps://example.com/mcp"),
        shell: stdio("npx -y server"),
        api = http("https://example.com/mcp"),
        half: stdio("half").
        number: 7u8,
        good: stdio("good")
        fine: stdio("good"),
    };
}
