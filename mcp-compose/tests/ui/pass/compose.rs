//! The forms of `compose!`.
use std::{error::Error, future::Future as _};

use mcp_compose::{Composition, compose, mcp_server};

struct Notes;

#[mcp_server]
impl Notes {
    /// Counts.
    #[tool]
    fn count(&self) -> u8 {
        1
    }
}

// A module of that name stays reachable: only the functions come into scope.
mod http {
    pub struct Uri;
    pub fn program() -> &'static str {
        "tsx"
    }
}

async fn notes() -> Result<Notes, std::io::Error> {
    Ok(Notes)
}

async fn composed(url: &str) -> Result<Composition, Box<dyn Error>> {
    let shared = compose!(other: stdio("o"));
    let arguments = vec!["x"];
    Ok(compose! {
        name = "factory",
        separator = "__",
        max_name = 60usize,
        _: Notes,
        _: notes().await?,
        db: stdio(http::program(), "db.ts", arguments[0]).env("URL", url),
        db_main: if url.is_empty() { stdio("a") } else { stdio("b").arg(arguments.iter().copied().collect::<String>()) },
        "my-db": http(url),
        legacy: session("client"),
        #[cfg(any())]
        absent: nothing(),
        ..shared
    })
}

fn main() {
    let mut future = Box::pin(composed("u"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(composition) = future.as_mut().poll(&mut context) else { panic!("pending") };
    let entries = composition.unwrap().entries().to_vec();
    let names: Vec<&str> = entries.iter().map(|entry| entry.split_once([':', ' ']).unwrap().0).collect();
    assert_eq!(
        names,
        ["name", "version", "name", "separator", "max_name", "_", "_", "db", "db_main", "my-db", "legacy", "name",
         "version", "other"]
    );
    assert_eq!(entries[7], "db: URL=u tsx db.ts x");
    let _ = http::Uri;
}
