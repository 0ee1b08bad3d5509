//! The keys of our attributes: `key = expr`, bare flags, and one leading string.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, ExprLit, Ident, Lit, LitStr, Token,
    ext::IdentExt,
    parenthesized,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
    token,
};

use crate::{
    errors::Errors,
    names::{Rule, did_you_mean, listed, problem},
};

/// Which keys belong where; also to say where a misplaced one belongs.
pub(crate) const ATTRIBUTES: [(&str, &[&str]); 4] = [
    (
        "#[mcp_server]",
        &[
            "name",
            "title",
            "version",
            "instructions",
            "website",
            "icons",
            "names",
            "parts",
            "part",
            "crate",
        ],
    ),
    (
        "#[tool]",
        &[
            "name",
            "title",
            "description",
            "read_only",
            "destructive",
            "idempotent",
            "open_world",
            "meta",
            "icons",
            "input_schema",
            "timeout",
            "blocking",
            "hidden",
        ],
    ),
    (
        "#[resource]",
        &[
            "name",
            "title",
            "description",
            "mime",
            "size",
            "audience",
            "priority",
            "meta",
            "icons",
        ],
    ),
    (
        "#[prompt]",
        &["name", "title", "description", "meta", "icons"],
    ),
];

/// The checked keys of one attribute.
#[derive(Default)]
pub(crate) struct Keys {
    keys: Vec<Key>,
    /// The leading string of `#[resource("..")]`.
    pub(crate) literal: Option<LitStr>,
    /// It is there in a form that cannot be used, which is reported already.
    pub(crate) literal_refused: bool,
    /// The names in `parts(..)`.
    pub(crate) parts: Option<Vec<Ident>>,
}

const LITERAL: &str = "the URI is a string literal: it is checked at compile time";
/// What other frameworks call it.
const URI_KEYS: [&str; 4] = ["uri", "uri_template", "template", "url"];

struct Key {
    name: Ident,
    value: Option<Expr>,
}

impl Keys {
    /// Parses the inside of the attribute written `attribute`; `literal`: whether it starts with a string.
    pub(crate) fn parse(
        attribute: &str,
        literal: bool,
        tokens: TokenStream,
        errors: &mut Errors,
    ) -> Self {
        let known = ATTRIBUTES
            .iter()
            .find(|(name, _)| *name == attribute)
            .map_or(&[][..], |(_, keys)| keys);
        let mut found = Self::default();
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = found.parse_one(attribute, literal, known, input, errors) {
                    errors.push(error);
                    skip_to_comma(input)?;
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        let parsed = parser.parse2(tokens);
        errors.ok(parsed);
        found
    }

    fn parse_one(
        &mut self,
        attribute: &str,
        literal: bool,
        known: &[&str],
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        if input.peek(LitStr) {
            let text: LitStr = input.parse()?;
            if literal && self.literal.is_none() && self.keys.is_empty() {
                self.literal = Some(text);
            } else {
                let key = if problem("", &text.value(), Rule::Portable).is_none() {
                    "name"
                } else if known.contains(&"description") {
                    "description"
                } else {
                    "title"
                };
                let message = format!(
                    "`{attribute}` takes keys here, as in `{key} = {}`",
                    text.token()
                );
                errors.at(text.span(), message);
            }
            return at_comma(input);
        }
        if literal && self.literal.is_none() && self.keys.is_empty() && !self.literal_refused {
            let ahead = input.fork();
            let key = ahead.call(Ident::parse_any).ok();
            let is_key = |key: &Ident| known.iter().any(|known| key == known);
            let assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
            if !key.as_ref().is_some_and(|key| assigned || is_key(key)) {
                self.literal_refused = true;
                let value: Expr = input.parse()?;
                errors.on(value, LITERAL);
                return at_comma(input);
            }
            if let Some(key) = key.filter(|key| assigned && URI_KEYS.iter().any(|uri| key == uri)) {
                self.literal_refused = true;
                input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                let value: Expr = input.parse()?;
                let written = value.to_token_stream();
                let message =
                    format!("the URI comes first, without a key: `#[resource({written})]`");
                errors.at(key.span(), message);
                return at_comma(input);
            }
        }
        let name = input.call(Ident::parse_any)?;
        let text = name.to_string();
        if !known.contains(&text.as_str()) {
            errors.at(name.span(), unknown(attribute, &text, known));
            return skip_to_comma(input).map(drop);
        }
        if text == "parts" {
            return self.parse_parts(&name, input, errors);
        }
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                errors.at(name.span(), needs_value(&text));
                return Ok(());
            }
            Some(input.parse()?)
        } else if input.peek(Token![:]) || input.peek(token::Paren) {
            return Err(input.error(format!("a key is written `{text} = ..`")));
        } else {
            None
        };
        at_comma(input)?;
        if self.keys.iter().any(|key| key.name == name) {
            errors.at(name.span(), format!("key `{text}` is given twice"));
        } else {
            self.keys.push(Key { name, value });
        }
        Ok(())
    }

    /// `parts(admin, reports)`
    fn parse_parts(
        &mut self,
        key: &Ident,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        let usage = "`parts` lists the other blocks: `parts(admin, reports)`";
        if !input.peek(token::Paren) {
            skip_to_comma(input)?;
            errors.at(key.span(), usage);
            return Ok(());
        }
        let content;
        parenthesized!(content in input);
        let names = content.call(Punctuated::<Ident, Token![,]>::parse_terminated);
        let names = names.map_err(|error| syn::Error::new(error.span(), usage))?;
        at_comma(input)?;
        if names.is_empty() {
            errors.at(key.span(), usage);
        } else if self.parts.is_some() {
            errors.at(key.span(), "key `parts` is given twice");
        }
        self.parts = Some(names.into_iter().collect());
        Ok(())
    }

    /// Where a key stands that was given.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        let key = self.keys.iter().find(|key| key.name == name)?;
        Some(key.name.span())
    }

    fn take(&mut self, name: &str) -> Option<Key> {
        let index = self.keys.iter().position(|key| key.name == name)?;
        Some(self.keys.swap_remove(index))
    }

    /// The value of a key that needs one.
    pub(crate) fn value(&mut self, name: &str, errors: &mut Errors) -> Option<Expr> {
        let key = self.take(name)?;
        if key.value.is_none() {
            errors.at(key.name.span(), needs_value(name));
        }
        key.value
    }

    /// The value of a key that is a string literal, since it is checked at compile time.
    pub(crate) fn string(&mut self, name: &str, errors: &mut Errors) -> Option<LitStr> {
        match self.value(name, errors)? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text),
            other => {
                errors.on(
                    other,
                    format!("`{name}` is a string literal: it is checked at compile time"),
                );
                None
            }
        }
    }

    /// Where a flag stands that takes no value.
    pub(crate) fn bare(&mut self, name: &str, errors: &mut Errors) -> Option<Span> {
        let key = self.take(name)?;
        if let Some(value) = key.value {
            let message = format!("`{name}` stands alone: it is decided at compile time");
            errors.on(value, message);
        }
        Some(key.name.span())
    }

    /// The value of a key that is any expression of text.
    pub(crate) fn text(&mut self, name: &str, errors: &mut Errors) -> Option<Expr> {
        let value = self.value(name, errors)?;
        match &value {
            Expr::Lit(ExprLit { lit, .. }) if !matches!(lit, Lit::Str(_)) => {
                let written = lit.to_token_stream().to_string();
                let written = written.trim_matches(['"', 'b', 'c', '\'']);
                errors.on(lit, format!("`{name}` is text: `{name} = \"{written}\"`"));
                None
            }
            _ => Some(value),
        }
    }

    /// A flag: bare, or with a value.
    pub(crate) fn flag(&mut self, name: &str, errors: &mut Errors) -> Option<TokenStream> {
        let key = self.take(name)?;
        match key.value {
            None => Some(Ident::new("true", Span::call_site()).into_token_stream()),
            Some(Expr::Lit(ExprLit { lit, .. })) if !matches!(lit, Lit::Bool(_)) => {
                errors.on(
                    lit,
                    format!("`{name}` is a flag: write `{name}` or `{name} = false`"),
                );
                None
            }
            Some(value) => Some(value.into_token_stream()),
        }
    }
}

fn needs_value(key: &str) -> String {
    format!("`{key}` needs a value: `{key} = ..`")
}

fn unknown(attribute: &str, key: &str, known: &[&str]) -> String {
    let near = did_you_mean(key, known.iter().copied());
    let home = ATTRIBUTES.iter().find(|(_, keys)| keys.contains(&key));
    match home {
        Some((home, _)) if near.is_empty() => {
            format!("`{key}` belongs to `{home}`, not to `{attribute}`")
        }
        _ => {
            let known = listed(known.iter().copied());
            format!("unknown key `{key}` for `{attribute}`{near} (expected: {known})")
        }
    }
}

/// Requires a comma or the end.
pub(crate) fn at_comma(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        Ok(())
    } else {
        Err(input.error("expected `,`"))
    }
}

/// Drops tokens up to the next comma.
pub(crate) fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut skipped = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        skipped.extend([input.parse::<TokenTree>()?]);
    }
    Ok(skipped)
}
