//! One server whose methods stand in several `impl` blocks, as they would in several files.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin parts -- list
//! ```

use std::process::ExitCode;

use mcp_compose::prelude::*;
use tokio::sync::Mutex;

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::serve(Shop::default()).run().await
}

#[derive(Default)]
struct Shop {
    lamps: Mutex<u32>,
}

/// Sells lamps. This block is the server, and names the others.
#[mcp_server(parts(stock, help))]
impl Shop {
    /// Sell a lamp.
    #[tool(destructive)]
    async fn sell(&self) -> Result<String> {
        let mut lamps = self.lamps.lock().await;
        *lamps = lamps
            .checked_sub(1)
            .ok_or_else(|| ToolError::new("sold out"))?;
        Ok(format!("{lamps} left"))
    }
}

mod stock {
    use super::{Shop, mcp_server};

    #[mcp_server(part = stock)]
    impl Shop {
        /// Take in lamps.
        #[tool(destructive = false)]
        async fn deliver(&self, lamps: u32) -> u32 {
            let mut all = self.lamps.lock().await;
            *all += lamps;
            *all
        }

        /// How many lamps are there.
        #[resource("shop://lamps", mime = "text/plain")]
        async fn lamps(&self) -> String {
            self.lamps.lock().await.to_string()
        }
    }
}

mod help {
    use super::{Shop, mcp_server};

    #[mcp_server(part = help)]
    impl Shop {
        /// Help to choose a lamp.
        #[prompt]
        fn choose(&self, room: String) -> String {
            format!("Which lamp fits a {room}?")
        }
    }
}
