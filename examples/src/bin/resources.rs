//! Resources: a fixed one, a template, bytes, and clients that are told of changes.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin resources -- --http 127.0.0.1:8808
//! ```

use std::collections::BTreeMap;
use std::process::ExitCode;

use mcp_compose::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Mutex;

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::serve(Shelf::default()).run().await
}

#[derive(Default)]
struct Shelf {
    jars: Mutex<BTreeMap<String, Jar>>,
}

#[derive(Clone, Serialize, JsonSchema)]
struct Jar {
    label: String,
    grams: u32,
}

/// A shelf with jars.
#[mcp_server]
impl Shelf {
    /// What is on the shelf.
    #[resource("shelf://labels", mime = "text/plain")]
    async fn labels(&self) -> String {
        let jars = self.jars.lock().await;
        jars.keys().cloned().collect::<Vec<_>>().join("\n")
    }

    /// One jar, as JSON: `{label}` is the argument of that name.
    #[resource("shelf://jars/{label}", mime = "application/json")]
    async fn jar(&self, label: String) -> Result<Jar> {
        let jar = self.jars.lock().await.get(&label).cloned();
        jar.ok_or_else(|| ToolError::new(format!("no jar of {label}")))
    }

    /// How a jar looks: `Vec<u8>` is sent as bytes.
    #[resource("shelf://pictures/{label}", mime = "image/x-portable-bitmap")]
    async fn picture(&self, label: String) -> Result<Vec<u8>> {
        let grams = self.jar(label).await?.grams;
        Ok(format!("P1 2 1 {} 0", u8::from(grams > 0)).into_bytes())
    }

    /// Fill a jar; who subscribed to it is told.
    #[tool(destructive = false)]
    async fn fill(&self, ctx: &Ctx, label: String, grams: u32) -> String {
        let mut jars = self.jars.lock().await;
        let jar = jars.entry(label.clone()).or_insert(Jar { label, grams: 0 });
        jar.grams += grams;
        let uri = format!("shelf://jars/{}", jar.label);
        ctx.resource_changed(uri).await;
        format!("{} g of {}", jar.grams, jar.label)
    }
}
