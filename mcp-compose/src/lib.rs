//! One MCP server out of many.
extern crate self as mcp_compose;

pub mod child;
mod gateway;
mod serve;
mod wire;
