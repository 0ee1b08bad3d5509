//! The values of children: what can be seen in a literal before anything runs.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ExprCall, ExprLit, Ident, Lit, LitStr, spanned::Spanned};
use url::Url;

use crate::errors::Errors;

/// What `stdio` and `http` are called with.
const PROGRAM: &str = "`stdio(\"npx\", \"-y\", \"server\")`";
const ADDRESS: &str = "`http(\"https://example.com/mcp\")`";

/// Checks the `stdio(..)` or `http(..)` at the root of a value, and makes further arguments of `stdio` into `.arg(..)`.
pub(super) fn child(mut value: Expr, errors: &mut Errors) -> TokenStream {
    let root = root(&mut value);
    let function = constructor(root);
    match (&mut *root, function) {
        (Expr::Call(call), Some("stdio")) => {
            check_program(call, errors);
            *root = spread_arguments(call);
        }
        (Expr::Call(call), Some("http")) => check_url(call, errors),
        (Expr::Path(path), Some(function @ ("stdio" | "http"))) => {
            let usage = if function == "stdio" {
                PROGRAM
            } else {
                ADDRESS
            };
            errors.on(&*path, format!("`{function}` is to be called: {usage}"));
            // Present in the expansion as a child, so that rustc does not report it again.
            *root = syn::parse_quote!(#path(""));
        }
        _ => {}
    }
    value.into_token_stream()
}

/// Whether the value can be nothing but a child.
pub(super) fn is_child(value: &Expr) -> bool {
    steps(value)
        .last()
        .is_some_and(|root| constructor(root).is_some())
}

/// What keeps a value out of a `new` that returns at once, and `Self` unless it `may_fail`.
pub(super) fn not_in_new(value: &Expr, may_fail: bool, owner: &Ident) -> Option<(Span, String)> {
    steps(value).find_map(|step| match step {
        Expr::Await(awaited) => Some((
            awaited.await_token.span,
            format!("`new` is not async: make the value before, and take it as in `struct {owner}(notes: Notes)`"),
        )),
        Expr::Try(tried) if !may_fail => Some((
            tried.question_token.span,
            format!("`new` has to say that it can fail: `struct {owner}(..) -> Result<Self, Error>`"),
        )),
        _ => None,
    })
}

/// A chain of methods, `?` and `.await`, from its end to what it starts with.
fn steps(value: &Expr) -> impl Iterator<Item = &Expr> {
    std::iter::successors(Some(value), |value| match value {
        Expr::MethodCall(call) => Some(&call.receiver),
        Expr::Try(tried) => Some(&tried.expr),
        Expr::Await(awaited) => Some(&awaited.base),
        Expr::Paren(paren) => Some(&paren.expr),
        Expr::Group(group) => Some(&group.expr),
        _ => None,
    })
}

/// What such a chain starts with.
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

/// Which of the functions that make a child this is, or calls.
fn constructor(value: &Expr) -> Option<&'static str> {
    let path = match value {
        Expr::Path(path) => path,
        Expr::Call(ExprCall { func, .. }) => match &**func {
            Expr::Path(path) => path,
            _ => return None,
        },
        _ => return None,
    };
    let name = path.path.get_ident()?;
    ["stdio", "http", "session", "local"]
        .into_iter()
        .find(|known| name == known)
}

fn check_program(call: &mut ExprCall, errors: &mut Errors) {
    let Some(program) = call.args.first() else {
        // Present in the expansion, so that rustc does not report it again.
        call.args.push(syn::parse_quote!(""));
        errors.on(&call.func, format!("the program is missing: {PROGRAM}"));
        return;
    };
    let Some(literal) = literal(program) else {
        return;
    };
    let text = literal.value();
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some((first, rest)) = words.split_first() else {
        errors.at(literal.span(), format!("the program is empty: {PROGRAM}"));
        return;
    };
    // A path may well have a space in it.
    let is_path = first.contains(['/', '\\']) && !rest.iter().any(|word| word.starts_with('-'));
    if !rest.is_empty() && !is_path {
        let rest: Vec<String> = rest.iter().map(|word| format!("\"{word}\"")).collect();
        errors.at(
            literal.span(),
            format!(
                "this is one program name, not a shell line: pass each argument separately, \
                 as in `stdio(\"{first}\", {})`",
                rest.join(", ")
            ),
        );
    }
}

fn check_url(call: &mut ExprCall, errors: &mut Errors) {
    let Some(url) = call.args.first() else {
        call.args.push(syn::parse_quote!(""));
        errors.on(&call.func, format!("the URL is missing: {ADDRESS}"));
        return;
    };
    let Some(literal) = literal(url) else {
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
