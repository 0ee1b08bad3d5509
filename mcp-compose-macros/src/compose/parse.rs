//! The entries of `compose! { .. }`, as they are written. A broken entry costs only itself.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprField, ExprRange, Ident, LitStr, Member, Token,
    ext::IdentExt,
    parse::{ParseStream, discouraged::Speculative},
};

use super::profiles::{self, Profile};
use crate::{attr::skip_to_comma, errors::Errors};

/// One entry.
pub(super) struct Item {
    pub(super) attrs: Vec<Attribute>,
    pub(super) key: Key,
    pub(super) value: Expr,
}

pub(super) enum Key {
    /// `separator = ..`, and where the `=` stands.
    Setting(Ident, Span),
    /// `database: ..` or `"my-db": ..`
    Namespace(Namespace),
    /// `_: ..`
    Unprefixed,
    /// `..shared`
    Spread,
}

/// The key of a child, and where the `:` stands.
pub(super) struct Namespace {
    pub(super) name: String,
    pub(super) span: Span,
    /// `None`: a string.
    pub(super) ident: Option<Ident>,
    pub(super) colon: Span,
}

/// An entry that does not parse: what an editor still can work with.
pub(super) struct Broken {
    /// `None`: not even that much is known.
    pub(super) key: Option<Key>,
    pub(super) tokens: TokenStream,
}

/// All entries, in order.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) items: Vec<Item>,
    pub(super) profiles: Vec<(Vec<Attribute>, Profile)>,
    pub(super) broken: Vec<Broken>,
}

const USAGE: &str =
    "an entry is `namespace: child`, `_: server`, `setting = value` or `..composition`";

impl Entries {
    /// Parses to the end of `input`.
    pub(super) fn parse(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let mut found = Self::default();
        while !input.is_empty() {
            found.entry(input, errors)?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(found)
    }

    fn entry(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        let ahead = input.fork();
        let start = attributes(&ahead).and_then(|attrs| Ok((attrs, key(&ahead)?)));
        let (attrs, key) = match start {
            Ok(start) => start,
            Err(error) => {
                errors.push(error);
                let tokens = skip_to_comma(input)?;
                self.broken.push(Broken { key: None, tokens });
                return Ok(());
            }
        };
        input.advance_to(&ahead);
        if let Key::Setting(name, _) = &key
            && name == "profiles"
        {
            if !self.profiles.is_empty() {
                errors.at(name.span(), "setting `profiles` is given twice");
            }
            let found = profiles::parse(skip_to_comma(input)?, name.span(), errors);
            let found = found.into_iter();
            self.profiles
                .extend(found.map(|profile| (attrs.clone(), profile)));
            return Ok(());
        }
        match value(input, errors) {
            Ok(Value { value, spread }) => {
                self.items.push(Item { attrs, key, value });
                self.items.extend(spread.map(|value| Item {
                    attrs: Vec::new(),
                    key: Key::Spread,
                    value,
                }));
            }
            Err((error, tokens)) => {
                errors.push(error);
                let key = Some(key);
                self.broken.push(Broken { key, tokens });
            }
        }
        Ok(())
    }
}

fn attributes(input: ParseStream<'_>) -> syn::Result<Vec<Attribute>> {
    let attrs = input.call(Attribute::parse_outer)?;
    match attrs.last() {
        Some(last) if input.is_empty() => Err(syn::Error::new_spanned(
            last,
            "the entry is missing that this belongs to",
        )),
        _ => Ok(attrs),
    }
}

fn key(input: ParseStream<'_>) -> syn::Result<Key> {
    if input.peek(Token![..]) {
        input.parse::<Token![..]>()?;
        return Ok(Key::Spread);
    }
    if input.peek(Token![_]) {
        let underscore: Token![_] = input.parse()?;
        if !is_colon(input) {
            return Err(syn::Error::new(underscore.span, USAGE));
        }
        input.parse::<Token![:]>()?;
        return Ok(Key::Unprefixed);
    }
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        if !is_colon(input) {
            return Err(syn::Error::new(text.span(), USAGE));
        }
        return Ok(Key::Namespace(Namespace {
            name: text.value(),
            span: text.span(),
            ident: None,
            colon: input.parse::<Token![:]>()?.span,
        }));
    }
    if !input.peek(Ident::peek_any) {
        return Err(input.error(USAGE));
    }
    let name = input.call(Ident::parse_any)?;
    if is_equals(input) {
        let equals: Token![=] = input.parse()?;
        return Ok(Key::Setting(name, equals.span));
    }
    if is_colon(input) {
        return Ok(Key::Namespace(Namespace {
            name: name.unraw().to_string(),
            span: name.span(),
            colon: input.parse::<Token![:]>()?.span,
            ident: Some(name),
        }));
    }
    Err(syn::Error::new(
        name.span(),
        with_hyphens(&name, input).map_or_else(
            || USAGE.to_owned(),
            |text| format!("a namespace with `-` is written as a string: `\"{text}\": ..`"),
        ),
    ))
}

/// `my-db:` as one name.
fn with_hyphens(first: &Ident, input: ParseStream<'_>) -> Option<String> {
    let ahead = input.fork();
    let mut text = first.to_string();
    while ahead.peek(Token![-]) && ahead.parse::<Token![-]>().is_ok() {
        let part = ahead.call(Ident::parse_any).ok()?;
        text = format!("{text}-{part}");
    }
    (is_colon(&ahead) && text.contains('-')).then_some(text)
}

/// A value, and a `..composition` that follows it without a comma.
struct Value {
    value: Expr,
    spread: Option<Expr>,
}

/// An expression that ends at a comma, at the next entry or at the end; else the tokens up to the comma.
fn value(input: ParseStream<'_>, errors: &mut Errors) -> Result<Value, (syn::Error, TokenStream)> {
    let skip = |error: syn::Error| (error, skip_to_comma(input).unwrap_or_default());
    if input.is_empty() || input.peek(Token![,]) {
        return Err(skip(input.error("a value is missing here")));
    }
    let ahead = input.fork();
    let value: Expr = ahead.parse().map_err(skip)?;
    if let Expr::Range(ExprRange {
        start: Some(start),
        end: Some(end),
        limits,
        ..
    }) = value
    {
        // No child is a range: the comma before `..shared` is missing.
        errors.on(limits, "a `,` is missing before this entry");
        input.advance_to(&ahead);
        return Ok(Value {
            value: *start,
            spread: Some(*end),
        });
    }
    if let Expr::Field(ExprField {
        base,
        dot_token,
        member: Member::Named(_),
        ..
    }) = &value
        && is_colon(&ahead)
    {
        // `db: stdio("a").` and then the next entry.
        let error = syn::Error::new(dot_token.span, "a method is missing after this `.`");
        let tokens = base.to_token_stream().into_iter().count() + 1;
        let tokens = (0..tokens).map_while(|_| input.parse::<TokenTree>().ok());
        return Err((error, tokens.collect()));
    }
    if ahead.is_empty() || ahead.peek(Token![,]) {
        input.advance_to(&ahead);
    } else if starts_entry(&ahead) {
        errors.push(ahead.error("a `,` is missing before this entry"));
        input.advance_to(&ahead);
    } else {
        return Err(skip(ahead.error("expected `,`")));
    }
    Ok(Value {
        value,
        spread: None,
    })
}

/// Whether an entry stands here, and no more of a value.
fn starts_entry(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    if ahead.peek(Token![#]) {
        return true;
    }
    let named = ahead.peek(Ident::peek_any) || ahead.peek(LitStr) || ahead.peek(Token![_]);
    named && ahead.parse::<TokenTree>().is_ok() && (is_colon(&ahead) || is_equals(&ahead))
}

fn is_colon(input: ParseStream<'_>) -> bool {
    input.peek(Token![:]) && !input.peek(Token![::])
}

fn is_equals(input: ParseStream<'_>) -> bool {
    input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>])
}
