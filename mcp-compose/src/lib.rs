//! One MCP server out of many: typed Rust tools and proxied children behind one endpoint.
extern crate self as mcp_compose;

#[doc(hidden)]
pub mod __private;
pub mod child;
pub mod cli;
mod compose;
#[doc(hidden)]
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod gateway;
mod handle;
mod line;
mod macros;
mod nearest;
mod observe;
pub mod prelude;
mod random;
#[cfg(feature = "rmcp")]
pub mod rmcp;
mod secret_text;
mod serve;
mod server;
pub mod test;
mod text_file;
mod wire;

pub use self::compose::{
    Composition, CompositionBuilder, ConfigError, DeclaredChild, IntoChild, IntoComposition,
    Problem, Profile, Severity, from_file,
};
pub use self::handle::{
    Args, CallError, CallResult, Child, Children, IntoChildren, Report, Status,
};
pub use self::macros::{compose, mcp_server};
#[cfg(feature = "admin")]
pub use self::serve::Admin;
pub use self::serve::{HttpOptions, Principal, ReadyWhen, Running, ServeError, Serving, serve};
pub use self::server::bounds;
pub use self::server::{
    Amount, Answer, Audio, Call, Caller, Cancel, ClientInfo, Content, Ctx, Embedded, Extension,
    FromCall, Headers, Icon, IconTheme, Image, IntoContent, IntoMessages, Json, Link, LogLevel,
    Message, Meta, Result, Root, SampleRequest, Sampled, Sent, Server, ToolError,
};
