//! What fuzzers run: a function for each macro, which panics when something does not hold. `fuzz/` takes the sources
//! of this crate in, since a crate of macros has no other functions outside.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::{compose, server};

/// The deepest nesting that is looked at: rustc has a limit of its own, and syn's recursion none.
const DEEPEST: usize = 48;

/// The input of `compose!`.
pub(crate) fn composition(data: &[u8]) {
    let Some(input) = tokens(&String::from_utf8_lossy(data)) else {
        return;
    };
    let expanded = compose::expand(input);
    let statements = quote!({ #expanded });
    if let Err(error) = syn::parse2::<syn::Block>(statements) {
        panic!("{error}: {expanded}");
    }
}

/// What stands in the attribute on the first line, and the item on the others.
pub(crate) fn typed_server(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (attribute, item) = text.split_once('\n').unwrap_or(("", &text));
    let (Some(attribute), Some(item)) = (tokens(attribute), tokens(item)) else {
        return;
    };
    let expanded = server::expand(attribute, &item);
    // What rustc itself would refuse stays as it is written.
    if syn::parse2::<syn::Item>(item).is_ok()
        && let Err(error) = syn::parse2::<syn::File>(expanded.clone())
    {
        panic!("{error}: {expanded}");
    }
}

fn tokens(text: &str) -> Option<TokenStream> {
    let tokens: TokenStream = text.parse().ok()?;
    (depth(&tokens) <= DEEPEST).then_some(tokens)
}

fn depth(tokens: &TokenStream) -> usize {
    let inner = tokens.clone().into_iter().map(|token| match token {
        TokenTree::Group(group) => 1 + depth(&group.stream()),
        _ => 0,
    });
    inner.max().unwrap_or(0)
}
