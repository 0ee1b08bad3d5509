//! `#[complete(plan.topic, item.id)]`

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Ident, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use super::{
    method::{Marker, Method},
    model::{Entry, Role},
    params::{self, names},
};
use crate::{
    errors::Errors,
    names::{did_you_mean, listed},
};

/// What a completion completes.
pub(super) struct Target {
    method: Ident,
    argument: Ident,
    /// The tokens of `Kind`, the entry's name or URI, and the argument's wire name; set once all methods are known.
    pub(super) found: Option<(TokenStream, String, String)>,
}

pub(super) fn check(method: &Method, errors: &mut Errors) {
    for input in method.inputs().filter(|input| input.is_argument()) {
        errors.on(&input.ty, params::PARTIAL);
    }
}

/// `plan.topic, item.id`
pub(super) fn targets(marker: Marker, errors: &mut Errors) -> Vec<Target> {
    let mut targets = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let method = input.call(Ident::parse_any)?;
            if !input.peek(Token![.]) {
                return Err(syn::Error::new(method.span(), ""));
            }
            input.parse::<Token![.]>()?;
            let argument = input.call(Ident::parse_any)?;
            targets.push(Target {
                method,
                argument,
                found: None,
            });
            crate::attr::at_comma(input)?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    match parser.parse2(marker.tokens) {
        Err(error) => {
            errors.at(error.span(), "a completion names methods and their arguments: `#[complete(plan.topic, item.id)]`");
        }
        Ok(()) if targets.is_empty() => {
            errors.at(
                marker.span,
                "a completion says what it completes: `#[complete(plan.topic)]`",
            );
        }
        Ok(()) => {}
    }
    targets
}

/// Completions name methods; calls name entries.
pub(super) fn find_targets(entries: &mut [Entry], errors: &mut Errors) {
    let (completions, others): (Vec<_>, Vec<_>) = entries
        .iter_mut()
        .partition(|entry| matches!(entry.role, Role::Complete { .. }));
    let mut seen: Vec<(String, String)> = Vec::new();
    for entry in completions {
        let Role::Complete { targets, .. } = &mut entry.role else {
            continue;
        };
        for target in targets {
            let method = target.method.unraw().to_string();
            let argument = target.argument.unraw().to_string();
            let Some(of) = others
                .iter()
                .find(|other| other.method.ident.unraw() == method)
            else {
                let known: Vec<String> = others
                    .iter()
                    .map(|other| other.method.ident.unraw().to_string())
                    .collect();
                let near = did_you_mean(&method, known.iter().map(String::as_str));
                errors.at(
                    target.method.span(),
                    format!("no `#[prompt]` or `#[resource]` method `{method}` here{near}"),
                );
                continue;
            };
            let (kind, name) = match &of.role {
                Role::Prompt { name, .. } => (quote!(Prompt), name.clone()),
                Role::Resource { uri, .. } => (quote!(Resource), uri.clone()),
                Role::Tool { .. } | Role::Complete { .. } => {
                    let message =
                        "only arguments of prompts and variables of resources can be completed";
                    errors.at(target.method.span(), message);
                    continue;
                }
            };
            let arguments = names(&of.method.params);
            if !arguments.clone().any(|known| known == argument) {
                let known = match did_you_mean(&argument, arguments.clone()) {
                    near if near.is_empty() => match listed(arguments) {
                        none if none.is_empty() => "; it has none".to_owned(),
                        all => format!("; arguments: {all}"),
                    },
                    near => near,
                };
                errors.at(
                    target.argument.span(),
                    format!("`{method}` has no argument `{argument}`{known}"),
                );
                continue;
            }
            if seen.contains(&(method.clone(), argument.clone())) {
                errors.at(
                    target.argument.span(),
                    format!("`{method}.{argument}` is completed twice"),
                );
            }
            seen.push((method, argument.clone()));
            target.found = Some((kind, name, argument));
        }
    }
}
