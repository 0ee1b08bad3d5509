//! A server in several blocks: in modules of its own, and generic.
#![deny(warnings, unused, private_interfaces, unreachable_pub)]

use mcp_compose::mcp_server;

trait Db: Send + Sync + 'static {
    fn get(&self) -> String;
}

struct Memory;

impl Db for Memory {
    fn get(&self) -> String {
        "kept".to_owned()
    }
}

struct Shop<D> {
    db: D,
}

/// Sells things.
#[mcp_server(parts(admin, reports))]
impl<D: Db> Shop<D> {
    /// Sell one.
    #[tool(destructive)]
    fn sell(&self) -> String {
        self.db.get()
    }
}

mod admin {
    use super::{Db, Shop};

    pub(crate) struct Reason;

    // No doc comment of a part is about the server.
    #[mcp_compose::mcp_server(part = admin)]
    impl<D> Shop<D>
    where
        D: Db,
    {
        /// Close the shop.
        #[tool(destructive)]
        async fn close(&self, why: String) -> String {
            let _ = Reason;
            format!("{why} {}", self.db.get())
        }

        #[prompt]
        fn advise(&self, topic: String) -> String {
            topic
        }

        #[complete(advise.topic)]
        fn topics(&self, partial: &str) -> Vec<String> {
            vec![partial.to_owned()]
        }
    }
}

mod reports {
    #[mcp_compose::mcp_server(part = reports, names = spec)]
    impl<D: super::Db> super::Shop<D> {
        /// All sales.
        #[tool(read_only, name = "reports.sales")]
        fn sales(&self) -> u8 {
            1
        }
    }
}

/// Nothing of its own.
#[mcp_server(parts(only))]
impl Plain {}

struct Plain;

#[mcp_server(part = only)]
impl Plain {
    /// Says yes.
    #[tool(read_only)]
    fn yes(&self) -> bool {
        true
    }
}

#[test]
fn parts_are_one_server() {
    let _ = mcp_compose::compose! {
        shop: Shop { db: Memory },
        plain: Plain,
    };
}
