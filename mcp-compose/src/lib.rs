//! One MCP server out of many.
extern crate self as mcp_compose;

#[doc(hidden)]
pub mod __private;
pub mod child;
mod compose;
mod macros;
pub mod prelude;
#[allow(
    dead_code,
    unused_imports,
    reason = "the relay, which mounts typed servers, comes next"
)]
mod server;

pub use self::server::{
    Amount, Audio, Call, Content, Ctx, Embedded, FromCall, Image, IntoContent, IntoMessages, Json,
    Link, LogLevel, Message, Result, Sent, Server, ToolError,
};
pub use self::{
    compose::{Builder, Composition, IntoChild},
    macros::{compose, mcp_server},
};
