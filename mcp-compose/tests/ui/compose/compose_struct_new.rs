// `new` returns at once, and cannot fail unless it says so.
use mcp_compose::compose;

fn program() -> Result<mcp_compose::child::Stdio, String> {
    Err(String::new())
}

compose! {
    struct Backend {
        a: program()?.lazy(),
        b: std::future::ready(stdio("b")).await,
    }
}

fn main() {
    let _ = Backend::new();
}
