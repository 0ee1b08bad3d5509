//! A bakery that asks before it bakes: a form for the person, a line of the client's model. The same
//! lines serve clients of both eras.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin ask -- --http 127.0.0.1:8808
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

use mcp_compose::prelude::*;
use mcp_compose::{SampleRequest, compose};
use schemars::JsonSchema;
use serde::Deserialize;

#[tokio::main]
async fn main() -> ExitCode {
    compose! { name = "ask", _: Bakery::default() }.run().await
}

#[derive(Default)]
struct Bakery {
    baked: AtomicU32,
}

/// What the person is asked: documentation and defaults are shown in the form.
#[derive(Deserialize, JsonSchema)]
struct Details {
    size: Size,
    /// How many candles.
    #[serde(default)]
    candles: u8,
    /// What is written on it; the model thinks of something if left empty.
    line: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
enum Size {
    /// For two.
    Small,
    /// For a party.
    Large,
}

/// Bakes cakes.
#[mcp_server]
impl Bakery {
    /// Order a cake.
    #[tool(destructive = false)]
    async fn order(
        &self,
        ctx: &Ctx,
        /// What kind of cake.
        cake: String,
    ) -> Result<String> {
        let details = ctx.elicit::<Details>("details", format!("What {cake} cake?"));
        let Answer::Accepted(Details {
            size,
            candles,
            line,
        }) = details.await?
        else {
            return Ok("no cake was ordered".into());
        };
        let line = match line {
            Some(line) => line,
            None if ctx.offers("sampling") => {
                let request = SampleRequest::new(format!("Write a line for a {cake} cake."));
                ctx.sample("line", request.max_tokens(30)).await?.text()
            }
            None => "Enjoy!".into(),
        };
        // Nothing is asked from here on: what has effects may happen.
        let number = self.baked.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(format!(
            "cake {number}: {size:?}, {candles} candles, \"{line}\""
        ))
    }
}
