//! The entries of `compose! { .. }`, as they are written. A broken entry costs only itself.

use proc_macro2::{Span, TokenStream};

use syn::{
    Attribute, Expr, Ident, LitStr, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser, discouraged::Speculative},
};

use crate::{
    attr::{at_comma, skip_to_comma},
    errors::Errors,
};

/// One entry.
pub(super) struct Item {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) key: Key,
    pub(super) value: Expr,
}

pub(super) enum Key {
    /// `separator = ..`
    Setting(Ident),
    /// `database: ..` or `"my-db": ..`
    Namespace(String, Span),
    /// `_: ..`
    Unprefixed,
    /// `..shared`
    Spread,
}

pub(super) fn items(input: TokenStream, errors: &mut Errors) -> Vec<Item> {
    let mut found = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match item(input, errors) {
                Ok(item) => found.push(item),
                Err(error) => {
                    errors.push(error);
                    skip_to_comma(input)?;
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    let parsed = parser.parse2(input);
    errors.ok(parsed);
    found
}

fn item(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Item> {
    let cfgs = input.call(Attribute::parse_outer)?;
    for attr in cfgs.iter().filter(|attr| !attr.path().is_ident("cfg")) {
        let what = if attr.path().is_ident("doc") {
            "a doc comment has no effect here; use `//`"
        } else {
            "only `#[cfg]` works on an entry"
        };
        errors.on(attr, what);
    }
    let cfgs = cfgs
        .into_iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .collect();
    let key = key(input)?;
    let value = value(input)?;
    Ok(Item { cfgs, key, value })
}

fn key(input: ParseStream<'_>) -> syn::Result<Key> {
    const USAGE: &str =
        "an entry is `namespace: child`, `_: server`, `setting = value` or `..composition`";
    if input.peek(Token![..]) {
        input.parse::<Token![..]>()?;
        return Ok(Key::Spread);
    }
    if input.peek(Token![_]) {
        input.parse::<Token![_]>()?;
        input.parse::<Token![:]>()?;
        return Ok(Key::Unprefixed);
    }
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        input
            .parse::<Token![:]>()
            .map_err(|error| syn::Error::new(error.span(), USAGE))?;
        return Ok(Key::Namespace(text.value(), text.span()));
    }
    if !input.peek(Ident::peek_any) {
        return Err(input.error(USAGE));
    }
    let name = input.call(Ident::parse_any)?;
    if input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>]) {
        input.parse::<Token![=]>()?;
        return Ok(Key::Setting(name));
    }
    if input.peek(Token![:]) && !input.peek(Token![::]) {
        input.parse::<Token![:]>()?;
        return Ok(Key::Namespace(name.unraw().to_string(), name.span()));
    }
    Err(syn::Error::new(name.span(), USAGE))
}

/// An expression that ends at a comma or the end; else nothing is taken.
fn value(input: ParseStream<'_>) -> syn::Result<Expr> {
    if input.is_empty() || input.peek(Token![,]) {
        return Err(input.error("a value is missing here"));
    }
    let ahead = input.fork();
    let value: Expr = ahead.parse()?;
    at_comma(&ahead)?;
    input.advance_to(&ahead);
    Ok(value)
}
