//! The macros where little is at hand: no prelude, the dependency under another name, and that of the crate taken.
#![no_implicit_prelude]
#![deny(warnings)]

extern crate mcp_compose as renamed;

mod handles;
mod mcp_compose {}
mod server;
