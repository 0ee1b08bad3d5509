//! How a server is tested: a client in the same process, as either era, that answers questions and keeps what it is told.
//!
//! ```sh
//! cargo test -p mcp-compose-examples --bin testing
//! ```

use std::process::ExitCode;

use mcp_compose::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::serve(Lamp).run().await
}

struct Lamp;

#[derive(Deserialize, JsonSchema)]
struct Sure {
    yes: bool,
}

/// A lamp.
#[mcp_server]
impl Lamp {
    /// Dim the lamp in steps, or ask before it gets dark.
    #[tool(idempotent)]
    async fn dim(&self, ctx: &Ctx, percent: u8) -> Result<String> {
        if percent == 0 {
            let sure = ctx.elicit::<Sure>("sure", "Turn it off?").await?;
            if !sure.is_some_and(|sure| sure.yes) {
                return Ok("still on".into());
            }
        }
        for step in 1..=3 {
            ctx.progress(step, 3).await;
        }
        Ok(format!("at {percent} %"))
    }
}

#[cfg(test)]
mod tests {
    use mcp_compose::test::{self, json};

    use super::Lamp;

    #[tokio::test]
    async fn it_asks_before_it_gets_dark() {
        test::both(
            || Lamp,
            async |client| {
                client.answer("sure", json!({ "yes": true }));
                let dimmed = client.call("dim", json!({ "percent": 0 })).await;
                assert_eq!(dimmed.text(), "at 0 %");
                assert_eq!(dimmed.progress().len(), 3);

                client.decline("sure");
                let dimmed = client.call("dim", json!({ "percent": 0 })).await;
                assert_eq!(dimmed.text(), "still on");
            },
        )
        .await;
    }

    #[tokio::test]
    async fn it_refuses_what_is_no_percentage() {
        let client = test::client(Lamp).await;
        let refused = client.call("dim", json!({ "percent": 1000 })).await;
        assert!(refused.is_error());
        assert!(refused.text().contains("percent"), "{}", refused.text());
        assert!(client.catalog().await.contains("Dim the lamp"));
    }
}
