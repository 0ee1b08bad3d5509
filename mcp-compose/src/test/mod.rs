//! Tests a server without a process or a port: a client in the same process, for every protocol version.
//!
//! # How to test a server
//!
//! [`client`] takes a typed server, or a [`Composition`](crate::Composition). In process means all of
//! it: requests go through the same relay as those of real clients, so that names, schemas, checks and
//! both eras of the protocol are what a client would see. (Children that are programs or elsewhere on
//! the network are started and connected to as usual.)
//!
//! ```
//! use mcp_compose::prelude::*;
//! use mcp_compose::test::{self, json};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Confirm {
//!     yes: bool,
//! }
//!
//! #[derive(Default)]
//! struct Todos;
//!
//! #[mcp_server]
//! impl Todos {
//!     /// How many letters has a todo?
//!     #[tool(read_only)]
//!     fn letters(&self, title: String) -> usize {
//!         title.len()
//!     }
//!
//!     /// Import todos, asking first.
//!     #[tool(destructive)]
//!     async fn import(&self, ctx: &Ctx, count: u32) -> Result<String> {
//!         let confirm = ctx.elicit::<Confirm>("confirm", format!("Import {count} todos?")).await?;
//!         if !confirm.is_some_and(|confirm| confirm.yes) {
//!             return Ok("skipped".into());
//!         }
//!         for n in 1..=count {
//!             ctx.progress(n, count).await;
//!         }
//!         Ok(format!("imported {count}"))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let client = test::client(Todos).await;
//! assert_eq!(client.call("letters", json!({ "title": "rest" })).await.text(), "4");
//!
//! // Questions are answered by their key.
//! client.answer("confirm", json!({ "yes": true }));
//! let imported = client.call("import", json!({ "count": 2 })).await;
//! assert_eq!(imported.text(), "imported 2");
//! assert_eq!(imported.progress().len(), 2);
//! client.decline("confirm");
//! assert_eq!(client.call("import", json!({ "count": 2 })).await.text(), "skipped");
//!
//! // What clients see, as a text for a snapshot.
//! assert!(client.catalog().await.contains("Import todos, asking first."));
//! # }
//! ```
//!
//! # Both eras
//!
//! Clients of 2026-07-28 and those before it differ most where a server asks: there a method runs again
//! with the answer, here it waits. [`both`] runs a test as either; [`Connecting::protocol`] is for one
//! version.
//!
//! # When it panics
//!
//! This is a test kit: what a test cannot go on from panics, and says what was expected and where the
//! call stands. That is a question without an answer, a result that is not of the type that was asked
//! for, a request without an answer in time (30 seconds, unless [`Connecting::timeout`] says otherwise),
//! and a composition that cannot start. Errors of tools and of the protocol do not panic: they are
//! [outcomes](CallOutcome).

mod catalog;
mod client;
mod desk;
mod mailbox;
mod outcome;
mod request;
#[cfg(test)]
mod tests;

pub use self::client::{Client, Connecting, client, connect};
pub use self::desk::Question;
pub use self::mailbox::{Log, Notified, Progress};
pub use self::outcome::CallOutcome;
pub use serde_json::{Value, json};

use crate::IntoComposition;
use crate::wire::version::{Era, MODERN};

/// The versions of the protocol that a client can speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// The first one.
    V2024_11_05,
    /// Has streamable HTTP and tool annotations.
    V2025_03_26,
    /// Has structured results and elicitation.
    V2025_06_18,
    /// The last one with a handshake and sessions.
    V2025_11_25,
    /// Stateless: every request stands alone, and questions are results.
    #[default]
    V2026_07_28,
}

impl Protocol {
    /// Every version, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    /// The version as it stands in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => MODERN,
        }
    }

    pub(self) fn era(self) -> Era {
        match self {
            Self::V2026_07_28 => Era::Modern,
            _ => Era::Legacy,
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Runs a test as a client of 2025-11-25 and again as one of 2026-07-28, each with a server of its own
/// that `make` makes. When it fails, the output says as which.
///
/// ```
/// # use mcp_compose::prelude::*;
/// use mcp_compose::test::{self, json};
/// # struct Echo;
/// # #[mcp_server]
/// # impl Echo {
/// #     /// Says it again.
/// #     #[tool(read_only)]
/// #     fn echo(&self, text: String) -> String { text }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// test::both(|| Echo, async |client| {
///     assert_eq!(client.call("echo", json!({ "text": "hi" })).await.text(), "hi");
/// })
/// .await;
/// # }
/// ```
pub async fn both<C: IntoComposition>(make: impl Fn() -> C, test: impl AsyncFn(Client)) {
    for protocol in [Protocol::V2025_11_25, Protocol::V2026_07_28] {
        let _running = Running(protocol);
        test(client(make()).protocol(protocol).await).await;
    }
}

/// Says as which client a test failed.
struct Running(Protocol);

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was with a client of {}", self.0);
        }
    }
}
