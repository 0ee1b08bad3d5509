//! A typed server that panics and aborts when it is asked to, beside a child that is the one argument: an entry of a
//! configuration file. Serves stdio.

use std::error::Error;

use mcp_compose::Composition;
use mcp_compose::child::{Prefix, local, stdio};
use mcp_compose::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entry: serde_json::Value =
        serde_json::from_str(&std::env::args().nth(1).ok_or("an entry is needed")?)?;
    let words = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut child = stdio(words(&entry["command"]));
    for word in entry["args"].as_array().into_iter().flatten() {
        child = child.arg(words(word));
    }
    for (name, value) in entry["env"].as_object().into_iter().flatten() {
        child = child.env(name, words(value));
    }
    let composition = Composition::builder()
        .name("fragile")
        .child("child", child)
        .child("own", local(Fragile).prefix(Prefix::Never))
        .build();
    Ok(composition.serve_stdio().await?)
}

struct Fragile;

/// Breaks when it is asked to.
#[mcp_server]
impl Fragile {
    /// Panics.
    #[tool(destructive)]
    fn panic(&self) -> String {
        panic!("as asked")
    }

    /// Ends the whole program.
    #[tool(destructive)]
    fn abort(&self) -> String {
        std::process::abort()
    }
}
