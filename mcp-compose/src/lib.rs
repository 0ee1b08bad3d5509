//! One MCP server out of many.
extern crate self as mcp_compose;

#[doc(hidden)]
pub mod __private;
pub mod child;
mod compose;
pub mod prelude;
#[allow(dead_code, unused_imports, reason = "the relay, which mounts typed servers, comes next")]
mod server;

pub use mcp_compose_macros::{compose, mcp_server};

pub use self::compose::{Builder, Composition, IntoChild};
pub use self::server::{
    Amount, Audio, Call, Content, Ctx, Embedded, FromCall, Image, IntoContent, IntoMessages, Json,
    Link, LogLevel, Message, Result, Sent, Server, ToolError,
};
