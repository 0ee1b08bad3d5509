//! The forms of `compose!`.
use std::{error::Error, future::Future as _};

use mcp_compose::{Composition, compose, mcp_server};

struct Notes;

#[mcp_server]
impl Notes {
    /// Counts.
    #[tool(read_only)]
    fn count(&self) -> u8 {
        1
    }
}

// A module of that name stays reachable: only the functions come into scope.
mod http {
    pub(crate) struct Uri;
    pub(crate) fn program() -> &'static str {
        "tsx"
    }
}

/// A connection that the program opened itself.
struct Held;

impl mcp_compose::child::Transport for Held {
    async fn send(&mut self, _: String) -> std::io::Result<()> {
        Ok(())
    }

    async fn receive(&mut self) -> std::io::Result<Option<String>> {
        Ok(None)
    }
}

async fn notes() -> Result<Notes, std::io::Error> {
    Ok(Notes)
}

async fn composed(url: &str) -> Result<Composition, Box<dyn Error>> {
    let shared = compose!(other: stdio("o"));
    let arguments = ["x"];
    Ok(compose! {
        name = "factory",
        separator = "__",
        max_name = 60usize,
        _: Notes,
        _: notes().await?,
        db: stdio(http::program(), "db.ts", arguments[0]).env("URL", url),
        db_main: if url.is_empty() { stdio("a") } else { stdio("b").arg(arguments.iter().copied().collect::<String>()) },
        "my-db": http(url),
        legacy: session(Held),
        #[cfg(any())]
        absent: nothing(),
        type: stdio("a program in /no/folder".replace(' ', "-")),
        path: stdio("/opt/some folder/server"),
        _: local(Notes).tools(["none"]),
        ..shared,
        title = "The whole",
        strict = url.is_empty(),
    })
}

macro_rules! one {
    ($namespace:ident, $program:literal, $child:expr) => {
        compose! { crate = $crate::mcp_compose, $namespace: $child, other: stdio($program) }
    };
}

#[test]
fn every_form_composes() {
    let mut future = Box::pin(composed("u"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_ready());
    let _: Composition = one!(db, "b", stdio("a"));
    let _: Composition = compose!();
    let _ = http::Uri;
}
