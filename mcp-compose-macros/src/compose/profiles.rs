//! `profiles = { reading: ["docs_*"], admin: { children: ["db"], exclude: ["*_drop"] } }`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Expr, Ident, LitStr, Token, braced,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    token,
};

use super::namespace;
use crate::{
    attr::skip_to_comma,
    errors::Errors,
    names::{did_you_mean, listed},
};

/// What a profile says where it is no list of patterns.
const KEYS: [&str; 3] = ["children", "include", "exclude"];
const USAGE: &str = "profiles are written `profiles = { reading: [\"docs_*\"], .. }`, each a list of patterns or \
     `{ children: [..], include: [..], exclude: [..] }`";

/// One profile.
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) value: Selection,
}

/// What is in a profile.
pub(super) enum Selection {
    /// Anything that makes a profile.
    Of(Expr),
    /// The calls that make one of an empty one.
    Calls(TokenStream),
}

/// Reads the braces after `profiles =`. A broken profile costs only itself.
pub(super) fn parse(value: TokenStream, at: Span, errors: &mut Errors) -> Vec<Profile> {
    let mut found = Vec::new();
    let parser = |input: ParseStream<'_>| {
        if !input.peek(token::Brace) {
            input.parse::<TokenStream>()?;
            return Err(syn::Error::new(at, USAGE));
        }
        let content;
        braced!(content in input);
        while !content.is_empty() {
            match profile(&content, errors) {
                Ok(profile) => found.push(profile),
                Err(error) => {
                    errors.push(error);
                    skip_to_comma(&content)?;
                }
            }
            content.parse::<Option<Token![,]>>()?;
        }
        match input.is_empty() {
            true => Ok(()),
            false => Err(input.error("expected `,`")),
        }
    };
    if let Err(error) = parser.parse2(value) {
        errors.push(error);
    }
    for (at, later) in found.iter().enumerate() {
        if later.name.is_empty() {
            errors.at(later.span, "the profile's name is empty");
        } else if let Some(problem) = namespace::problem(&later.name) {
            let problem = problem.replace("a namespace is", "a name is");
            errors.at(later.span, problem.replace("namespace", "profile"));
        }
        if let Some(first) = found[..at].iter().find(|first| first.name == later.name) {
            errors.at(
                later.span,
                format!("profile `{}` is given twice", later.name),
            );
            errors.at(first.span, format!("`{}` is first given here", first.name));
        }
    }
    found
}

/// Says of which profiles a child has the name.
pub(super) fn check_against(
    namespaces: &[namespace::Namespace],
    profiles: &[(String, Span)],
    errors: &mut Errors,
) {
    for (name, span) in profiles {
        if let Some(child) = namespaces.iter().find(|child| child.name == *name) {
            errors.at(
                *span,
                format!("`{name}` is a child already: both would be served at `/mcp/{name}`"),
            );
            errors.at(child.span, format!("the child `{name}` is declared here"));
        }
    }
}

fn profile(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Profile> {
    let (name, span) = if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        (text.value(), text.span())
    } else if input.peek(Ident::peek_any) {
        let name = input.call(Ident::parse_any)?;
        (name.unraw().to_string(), name.span())
    } else {
        return Err(input.error(USAGE));
    };
    if input.peek(Token![-]) {
        let message = "a name with `-` is written as a string: `\"on-call\": ..`";
        return Err(syn::Error::new(span, message));
    }
    if !input.peek(Token![:]) {
        return Err(syn::Error::new(span, USAGE));
    }
    input.parse::<Token![:]>()?;
    let value = if input.peek(token::Brace) {
        let content;
        braced!(content in input);
        Selection::Calls(calls(&content, errors)?)
    } else {
        Selection::Of(input.parse()?)
    };
    Ok(Profile { name, span, value })
}

/// `children: [..], exclude: [..]` as calls of methods.
fn calls(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<TokenStream> {
    let mut calls = TokenStream::new();
    let mut seen: Vec<Ident> = Vec::new();
    while !input.is_empty() {
        let key = input.call(Ident::parse_any)?;
        input.parse::<Token![:]>()?;
        let value: Expr = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        if !KEYS.iter().any(|known| key == known) {
            let near = did_you_mean(&key.to_string(), KEYS);
            let known = listed(KEYS);
            errors.at(
                key.span(),
                format!("a profile has no `{key}`{near} (it has {known})"),
            );
        } else if seen.contains(&key) {
            errors.at(key.span(), format!("`{key}` is given twice"));
        } else {
            calls.extend(quote!(.#key(#value)));
            seen.push(key);
        }
    }
    Ok(calls)
}
