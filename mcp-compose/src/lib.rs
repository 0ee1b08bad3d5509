//! One MCP server out of many.
extern crate self as mcp_compose;

pub mod child;
#[doc(hidden)]
pub mod cli;
mod compose;
mod gateway;
#[cfg(feature = "rmcp")]
pub mod rmcp;
pub mod server;
mod wire;

pub use compose::{
    Composition, CompositionBuilder, ConfigError, DeclaredChild, IntoChild, Problem, Severity,
};
pub use server::Server;
