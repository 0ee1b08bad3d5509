//! Typed servers that have the tools of the asking children, and serve each by a call of such a child: the namespace
//! `py` calls the child `of-py`. The one argument is the configuration of those children; it serves HTTP.

use std::error::Error;

use mcp_compose::prelude::*;
use mcp_compose::{Args, Composition, args};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("a configuration is needed")?;
    let config: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let children = config["mcpServers"].as_object().ok_or("no children")?;
    let mut composition = Composition::builder().name("calls-between");
    for child in children.keys() {
        let namespace = child.strip_prefix("of-").ok_or("a child is not `of-..`")?;
        let calls = Calls {
            child: child.clone(),
        };
        composition = composition.child(namespace, calls);
    }
    let composition = composition.spread(Composition::from_file(file)?).build();
    Ok(composition.serve_http(([127, 0, 0, 1], 0).into()).await?)
}

struct Calls {
    child: String,
}

impl Calls {
    async fn call(&self, ctx: &Ctx, tool: &str, args: Args) -> Result<String> {
        Ok(ctx.child(&self.child)?.call(tool, args).await?.text())
    }
}

/// Calls a child.
#[mcp_server]
impl Calls {
    /// Asks for a model's text.
    #[tool(read_only)]
    async fn ask_sampling(&self, ctx: &Ctx, nonce: String) -> Result<String> {
        self.call(ctx, "ask_sampling", args! { nonce }).await
    }

    /// Asks for a form.
    #[tool(read_only)]
    async fn ask_form(&self, ctx: &Ctx, nonce: String) -> Result<String> {
        self.call(ctx, "ask_form", args! { nonce }).await
    }

    /// Asks for a page to be opened.
    #[tool(read_only)]
    async fn ask_url(&self, ctx: &Ctx, nonce: String) -> Result<String> {
        self.call(ctx, "ask_url", args! { nonce }).await
    }

    /// Asks for roots.
    #[tool(read_only)]
    async fn ask_roots(&self, ctx: &Ctx) -> Result<String> {
        self.call(ctx, "ask_roots", args! {}).await
    }

    /// Reports progress.
    #[tool(read_only)]
    async fn steps(&self, ctx: &Ctx) -> Result<String> {
        self.call(ctx, "steps", args! {}).await
    }

    /// Logs.
    #[tool(read_only)]
    async fn chatter(&self, ctx: &Ctx, nonce: String) -> Result<String> {
        self.call(ctx, "chatter", args! { nonce }).await
    }

    /// Waits to be cancelled.
    #[tool(read_only)]
    async fn wait(&self, ctx: &Ctx, nonce: String) -> Result<String> {
        self.call(ctx, "wait", args! { nonce }).await
    }

    /// How often that was cancelled.
    #[tool(read_only)]
    async fn cancelled_count(&self, ctx: &Ctx, nonce: String) -> Result<String> {
        self.call(ctx, "cancelled_count", args! { nonce }).await
    }
}
