//! The macros of `mcp-compose`; use them through that crate, where they are documented.

mod attr;
mod compose;
mod docs;
mod errors;
mod names;
mod server;

use proc_macro::TokenStream;

/// Makes an impl block a typed MCP server; documented where `mcp-compose` re-exports it.
#[proc_macro_attribute]
pub fn mcp_server(attribute: TokenStream, item: TokenStream) -> TokenStream {
    server::expand(attribute.into(), &item.into()).into()
}

/// Composes children into one MCP server; documented where `mcp-compose` re-exports it.
#[proc_macro]
pub fn compose(input: TokenStream) -> TokenStream {
    compose::expand(input.into()).into()
}
