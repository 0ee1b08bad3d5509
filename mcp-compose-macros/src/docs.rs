//! Doc comments, as text.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of doc comments: an expression of type `&'static str`, or `None` if there is no text.
pub(crate) fn text(attrs: &[Attribute]) -> Option<TokenStream> {
    let lines: Vec<&Expr> = attrs.iter().filter_map(line).collect();
    let literals: Option<Vec<String>> = lines.iter().map(|line| literal(line)).collect();
    match literals {
        Some(lines) => {
            let text = joined(&lines);
            (!text.is_empty()).then(|| text.into_token_stream())
        }
        // `#[doc = include_str!(..)]`
        None => Some(quote!(::core::concat!(#(#lines, "\n"),*))),
    }
}

/// The text of doc comments that are all literals.
pub(crate) fn literal_text(attrs: &[Attribute]) -> String {
    let lines: Vec<String> = attrs.iter().filter_map(line).filter_map(literal).collect();
    joined(&lines)
}

fn line(attr: &Attribute) -> Option<&Expr> {
    match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => Some(&doc.value),
        _ => None,
    }
}

fn literal(line: &Expr) -> Option<String> {
    match line {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

fn joined(lines: &[String]) -> String {
    let lines = lines.iter().flat_map(|line| line.split('\n'));
    let lines: Vec<&str> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect();
    lines.join("\n").trim().to_owned()
}
