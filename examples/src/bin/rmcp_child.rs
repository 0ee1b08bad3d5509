//! A server written with rmcp, the SDK of the ecosystem, as a child in the same process.
//!
//! ```sh
//! cargo run -p mcp-compose-examples --bin rmcp_child -- call greeter_greet
//! ```

use std::process::ExitCode;

use mcp_compose::prelude::*;
use mcp_compose::{compose, rmcp::server};
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Map;

#[tokio::main]
async fn main() -> ExitCode {
    let composition = compose! {
        name = "rmcp-child",
        _: Own,
        // One handler for each session.
        greeter: server(|| Greeter),
    };
    composition.run().await
}

struct Greeter;

impl ServerHandler for Greeter {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = Map::from_iter([("type".to_owned(), "object".into())]);
        let greet = Tool::new("greet", "Says hello.", schema);
        Ok(ListToolsResult::with_all_items(vec![greet]))
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text("hello")]).into())
    }
}

struct Own;

#[mcp_server]
impl Own {
    /// Greet through the child.
    #[tool(read_only)]
    async fn greet_twice(&self, ctx: &Ctx) -> Result<String> {
        let greeter = ctx.child("greeter")?;
        let hello = greeter
            .call("greet", mcp_compose::Args::new())
            .await?
            .text();
        Ok(format!("{hello}, {hello}"))
    }
}
