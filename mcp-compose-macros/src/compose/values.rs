//! The values of children: what can be seen in a literal before anything runs.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ExprCall, ExprLit, Lit, LitStr, spanned::Spanned};
use url::Url;

use crate::errors::Errors;

/// Checks the `stdio(..)` or `http(..)` at the root of a value, and makes further arguments of `stdio` into `.arg(..)`.
pub(super) fn child(mut value: Expr, errors: &mut Errors) -> TokenStream {
    let root = root(&mut value);
    if let Expr::Call(call) = root {
        match called(call).as_deref() {
            Some("stdio") => {
                check_program(call, errors);
                let spread = spread_arguments(call);
                *root = spread;
            }
            Some("http") => check_url(call, errors),
            _ => {}
        }
    }
    value.into_token_stream()
}

/// What a chain of methods, `?` and `.await` starts with.
fn root(value: &mut Expr) -> &mut Expr {
    match value {
        Expr::MethodCall(call) => root(&mut call.receiver),
        Expr::Try(tried) => root(&mut tried.expr),
        Expr::Await(awaited) => root(&mut awaited.base),
        Expr::Paren(paren) => root(&mut paren.expr),
        Expr::Group(group) => root(&mut group.expr),
        other => other,
    }
}

fn called(call: &ExprCall) -> Option<String> {
    match &*call.func {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    }
}

fn check_program(call: &mut ExprCall, errors: &mut Errors) {
    let Some(program) = call.args.first() else {
        // Present in the expansion, so that rustc does not report it again.
        call.args.push(syn::parse_quote!(""));
        errors.on(
            &call.func,
            "the program is missing: `stdio(\"npx\", \"-y\", \"server\")`",
        );
        return;
    };
    let Some(literal) = literal(program) else {
        return;
    };
    let text = literal.value();
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (None, _) => errors.at(
            literal.span(),
            "the program is empty: `stdio(\"npx\", \"-y\", \"server\")`",
        ),
        (Some(first), Some(_)) => {
            let rest: Vec<String> = text
                .split_whitespace()
                .skip(1)
                .map(|word| format!("\"{word}\""))
                .collect();
            errors.at(
                literal.span(),
                format!(
                    "this is one program name, not a shell line: pass each argument separately, \
                     as in `stdio(\"{first}\", {})`",
                    rest.join(", ")
                ),
            );
        }
        (Some(_), None) => {}
    }
}

fn check_url(call: &ExprCall, errors: &mut Errors) {
    let Some(literal) = call.args.first().and_then(literal) else {
        return;
    };
    let text = literal.value();
    let message = match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => return,
        Err(problem) if text.starts_with("http://") || text.starts_with("https://") => {
            format!("`{text}` is not a URL: {problem}")
        }
        _ => format!("`{text}` is not an HTTP URL: it must start with `https://` or `http://`"),
    };
    errors.at(literal.span(), message);
}

/// `stdio(a, b, c)` is `stdio(a).arg(b).arg(c)`.
fn spread_arguments(call: &mut ExprCall) -> Expr {
    let mut args = std::mem::take(&mut call.args).into_iter();
    call.args.extend(args.next());
    let further = args.map(|arg| quote_spanned!(arg.span()=> .arg(#arg)));
    // As tokens: the user's own stay as they are.
    Expr::Verbatim(quote!(#call #(#further)*))
}

fn literal(expr: &Expr) -> Option<&LitStr> {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text),
        _ => None,
    }
}
