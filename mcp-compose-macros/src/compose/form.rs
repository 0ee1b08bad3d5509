//! Which of its three forms a call of `compose!` has: an expression, a struct, or a literal of one.

use proc_macro2::{Span, TokenStream};
use syn::{
    Attribute, FnArg, Generics, Ident, Token, Type, Visibility, braced, parenthesized,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
    spanned::Spanned,
    token,
};

use super::parse::Entries;
use crate::errors::Errors;

/// What the call makes.
pub(super) enum Form {
    /// `compose! { .. }`: a composition.
    Composition,
    /// `compose!(Backend { .. })`: a value of a struct that is declared with it.
    Value(Ident),
    /// `compose! { struct Backend { .. } }`: a struct.
    Struct(Box<Header>),
}

/// What stands before the entries of a struct.
pub(super) struct Header {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) name: Ident,
    /// A mistake; known to `new`, so that there is no other because of it.
    pub(super) generics: Generics,
    /// Those of `new`.
    pub(super) params: Punctuated<FnArg, Token![,]>,
    /// What `new` returns, where that is not `Self`.
    pub(super) output: Option<Type>,
}

/// Parses the whole input; `None`: it is too wrong to expand any of it.
pub(super) fn parse(input: TokenStream, errors: &mut Errors) -> Option<(Form, Entries)> {
    let parser = |input: ParseStream<'_>| parse_form(input, errors);
    match parser.parse2(input) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

fn parse_form(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<(Form, Entries)> {
    if let Some(first) = begins_struct(input) {
        let parsed = first.and_then(|()| parse_struct(input, errors));
        if parsed.is_err() {
            input.parse::<TokenStream>()?;
        }
        return parsed;
    }
    if input.peek(Ident) && input.peek2(token::Brace) {
        let name = input.parse()?;
        let entries = in_braces(input, errors)?;
        return Ok((Form::Value(name), entries));
    }
    Ok((Form::Composition, Entries::parse(input, errors)?))
}

/// Whether a struct is declared, or something that was meant to be one.
fn begins_struct(input: ParseStream<'_>) -> Option<syn::Result<()>> {
    let ahead = input.fork();
    ahead.call(Attribute::parse_outer).ok()?;
    let vis: Visibility = ahead.parse().ok()?;
    if ahead.peek(Token![struct]) {
        return Some(Ok(()));
    }
    if matches!(vis, Visibility::Inherited) {
        return None;
    }
    let usage = "a composition with a visibility is a struct: `pub struct Backend { .. }`";
    Some(Err(syn::Error::new_spanned(vis, usage)))
}

fn parse_struct(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<(Form, Entries)> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis = input.parse()?;
    input.parse::<Token![struct]>()?;
    let name: Ident = input.parse()?;
    let mut generics = Generics::default();
    if input.peek(Token![<]) {
        generics = input.parse()?;
        errors.on(
            &generics,
            format!(
                "the struct of a composition has no generics: what varies is a parameter of `new`, as in `struct {name}(config: &Config)`"
            ),
        );
    }
    let params = if input.peek(token::Paren) {
        params(input, errors)?
    } else {
        Punctuated::new()
    };
    let output = if input.peek(Token![->]) {
        input.parse::<Token![->]>()?;
        Some(input.parse()?)
    } else {
        None
    };
    if input.peek(Token![where]) {
        errors.at(
            input.span(),
            "the struct of a composition has no generics, and so no `where`",
        );
        generics.where_clause = input.parse()?;
    }
    if !input.peek(token::Brace) {
        return Err(syn::Error::new(
            if input.is_empty() {
                name.span()
            } else {
                input.span()
            },
            format!("the children are missing: `struct {name} {{ database: stdio(..), .. }}`"),
        ));
    }
    let entries = in_braces(input, errors)?;
    let header = Header {
        attrs,
        vis,
        name,
        generics,
        params,
        output,
    };
    Ok((Form::Struct(Box::new(header)), entries))
}

fn params(
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<Punctuated<FnArg, Token![,]>> {
    let content;
    parenthesized!(content in input);
    let all = content.fork();
    let parsed = Punctuated::<FnArg, Token![,]>::parse_terminated(&content);
    let params = match parsed {
        Ok(params) => params,
        Err(_) => {
            let at = content
                .parse::<TokenStream>()
                .ok()
                .filter(|rest| !rest.is_empty());
            let span = at.map_or(all.span(), first);
            errors.at(
                span,
                "the parameters are those of `new`, each with its type: `(config: &Config)`",
            );
            return Ok(Punctuated::new());
        }
    };
    let mut kept = Punctuated::new();
    for param in params {
        match param {
            FnArg::Receiver(receiver) => {
                errors.on(receiver, "`new` makes the value, so there is no `self` yet")
            }
            param => kept.push(param),
        }
    }
    Ok(kept)
}

fn first(tokens: TokenStream) -> Span {
    tokens
        .into_iter()
        .next()
        .map_or(Span::call_site(), |token| token.span())
}

fn in_braces(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Entries> {
    let content;
    braced!(content in input);
    let entries = Entries::parse(&content, errors)?;
    if !input.is_empty() {
        let rest: TokenStream = input.parse()?;
        errors.at(
            rest.span(),
            "nothing can follow: one `compose!` declares one composition",
        );
    }
    Ok(entries)
}
