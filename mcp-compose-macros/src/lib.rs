//! The macros of `mcp-compose`; use them through that crate.
