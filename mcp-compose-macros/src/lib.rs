//! The macros of `mcp-compose`; use them through that crate, where they are documented.

mod attr;
mod compose;
mod docs;
mod errors;
#[cfg(test)]
mod fuzzing;
mod names;
mod server;
#[cfg(test)]
mod tests;

use std::panic::catch_unwind;

use proc_macro::TokenStream;
use quote::quote;

/// Makes an impl block a typed MCP server; documented where `mcp-compose` re-exports it.
#[proc_macro_attribute]
pub fn mcp_server(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let given = item.clone();
    let expanded = catch_unwind(|| server::expand(attribute.into(), &item.into()));
    expanded.map_or_else(|_| [given, bug()].into_iter().collect(), TokenStream::from)
}

/// Composes children into one MCP server; documented where `mcp-compose` re-exports it.
#[proc_macro]
pub fn compose(input: TokenStream) -> TokenStream {
    catch_unwind(|| compose::expand(input.into())).map_or_else(|_| bug(), TokenStream::from)
}

/// A panic is our mistake; the editor keeps working all the same.
fn bug() -> TokenStream {
    let message = "this is a bug in `mcp-compose`: please report it with the code that causes it";
    quote!(::core::compile_error!(#message);).into()
}
