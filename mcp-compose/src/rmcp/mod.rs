//! Where rmcp, the SDK of the ecosystem, meets the relay: its servers as children, its client sessions
//! as children, and compositions over its transports.
//!
//! Outside of it rmcp's types stand only in [`Serving::rmcp`](crate::Serving), [`session`](crate::child::session()) and
//! results of `#[tool]` methods: its major versions come faster than ours. The feature `rmcp`, which is on by default, has it.
//!
//! | you have | you write |
//! |---|---|
//! | an `rmcp::ServerHandler` | [`server`]`(\|\| Handler::new())` as a child |
//! | a running rmcp client session | [`session`](crate::child::session)`(client)` as a child |
//! | an rmcp server transport | [`serve`](serve())`(composition, transport)` |
//! | an `rmcp::model::CallToolResult` | it as the result of a `#[tool]` method |
//!
//! ```
//! use mcp_compose::test::{self, json};
//! use mcp_compose::{compose, rmcp::server};
//! use rmcp::ServerHandler;
//! use rmcp::model::{
//!     CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
//!     ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
//! };
//! use rmcp::service::{RequestContext, RoleServer};
//!
//! struct Greeter;
//!
//! impl ServerHandler for Greeter {
//!     fn get_info(&self) -> ServerConfig {
//!         ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
//!     }
//!
//!     async fn list_tools(
//!         &self,
//!         _: Option<PaginatedRequestParams>,
//!         _: RequestContext<RoleServer>,
//!     ) -> Result<ListToolsResult, ErrorData> {
//!         let schema = json!({ "type": "object" }).as_object().cloned().unwrap_or_default();
//!         let greet = Tool::new("greet", "Says hello.", schema);
//!         Ok(ListToolsResult::with_all_items(vec![greet]))
//!     }
//!
//!     async fn call_tool(
//!         &self,
//!         _: CallToolRequestParams,
//!         _: RequestContext<RoleServer>,
//!     ) -> Result<CallToolResponse, ErrorData> {
//!         Ok(CallToolResult::success(vec![ContentBlock::text("hello")]).into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let composition = compose! { greeter: server(|| Greeter) };
//! let client = test::client(composition).await;
//! assert_eq!(client.call("greeter_greet", json!({})).await.text(), "hello");
//! # }
//! ```

mod front;
mod guarded;
mod server;
pub(crate) mod session;

pub use self::front::{connect, serve};
pub use self::server::{Server, server};
