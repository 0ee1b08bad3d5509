//! The impl block as it is written. Bodies stay tokens: a mistake in one is rustc's to report, and costs no method.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Generics, ImplItem, Signature, Token, Type, Visibility, braced,
    parse::{ParseStream, Parser, discouraged::Speculative},
    token,
};

use crate::errors::Errors;

/// An inherent impl block.
pub(crate) struct Block {
    pub(crate) attrs: Vec<Attribute>,
    impl_token: Token![impl],
    pub(crate) generics: Generics,
    pub(crate) self_ty: Type,
    pub(crate) items: Vec<Item>,
}

/// What stands in it.
pub(crate) enum Item {
    Method(Box<Method>),
    /// Its attributes, and the rest.
    Other(Vec<Attribute>, TokenStream),
    /// What cannot be parsed.
    Broken(Vec<Attribute>, TokenStream),
}

/// A method whose body is not looked at.
pub(crate) struct Method {
    pub(crate) attrs: Vec<Attribute>,
    vis: Visibility,
    pub(crate) sig: Signature,
    body: TokenTree,
}

/// Parses the item; `None`: it is not an impl block that can carry the attribute.
pub(crate) fn block(item: TokenStream, errors: &mut Errors) -> Option<Block> {
    match parse_block.parse2(item) {
        Ok(block) => Some(block),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

fn parse_block(input: ParseStream<'_>) -> syn::Result<Block> {
    let attrs = input.call(Attribute::parse_outer)?;
    if !input.peek(Token![impl]) {
        return Err(not_an_impl(input)?);
    }
    let impl_token = input.parse()?;
    let mut generics: Generics = if input.peek(Token![<]) {
        input.parse()?
    } else {
        Generics::default()
    };
    let self_ty: Type = input.parse()?;
    if input.peek(Token![for]) {
        skip_all(input)?;
        let message = "`#[mcp_server]` goes on an `impl` block of the type itself, not of a trait";
        return Err(syn::Error::new_spanned(self_ty, message));
    }
    generics.where_clause = input.parse()?;
    let content;
    braced!(content in input);
    let mut items = Vec::new();
    while !content.is_empty() {
        match item_of(&content) {
            Ok(item) => items.push(item),
            // rustc has reported it already: it parses what it gives to a macro. Or it knows syntax that syn does not.
            Err(_) => {
                let attrs = content.call(Attribute::parse_outer).unwrap_or_default();
                items.push(Item::Broken(attrs, skip_item(&content)?));
            }
        }
    }
    Ok(Block {
        attrs,
        impl_token,
        generics,
        self_ty,
        items,
    })
}

/// Says where the attribute goes instead of on this item.
fn not_an_impl(input: ParseStream<'_>) -> syn::Result<syn::Error> {
    input.parse::<Visibility>()?;
    let span = input.cursor().span();
    let item: TokenStream = input.parse()?;
    let mut tokens = item.into_iter();
    let (keyword, name) = (tokens.next(), tokens.next());
    let name = name.map_or("Server".to_owned(), |name| name.to_string());
    let place = match keyword.map(|keyword| keyword.to_string()).as_deref() {
        Some("struct" | "enum" | "union") => format!("an `impl` block: `impl {name} {{ .. }}`"),
        Some("fn" | "async" | "unsafe" | "const") => {
            "an `impl` block; a function becomes a tool there, with `#[tool]` and `&self`"
                .to_owned()
        }
        _ => "the `impl` block of a type".to_owned(),
    };
    Ok(syn::Error::new(
        span,
        format!("`#[mcp_server]` goes on {place}"),
    ))
}

fn item_of(content: ParseStream<'_>) -> syn::Result<Item> {
    let ahead = content.fork();
    let attrs = ahead.call(Attribute::parse_outer)?;
    let vis: Visibility = ahead.parse()?;
    let signature = ahead.fork();
    if signature.parse::<Signature>().is_err() {
        let other = content.fork();
        let attrs = other.call(Attribute::parse_outer)?;
        let item: ImplItem = other.parse()?;
        content.advance_to(&other);
        return Ok(Item::Other(attrs, item.into_token_stream()));
    }
    let sig: Signature = ahead.parse()?;
    let body: TokenTree = if ahead.peek(token::Brace) || ahead.peek(Token![;]) {
        ahead.parse()?
    } else {
        // It is being written: its signature is good for what calls it, and what follows is not its body.
        syn::parse_quote!({ loop {} })
    };
    content.advance_to(&ahead);
    Ok(Item::Method(Box::new(Method {
        attrs,
        vis,
        sig,
        body,
    })))
}

/// What cannot be parsed, up to where the next item begins.
fn skip_item(content: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut skipped = TokenStream::new();
    let mut in_head = true;
    while !content.is_empty() {
        let begins = content.peek(Token![#])
            || content.peek(Token![pub])
            || content.peek(Token![async])
            || content.peek(Token![fn]);
        if begins && !in_head {
            break;
        }
        // These stand before the `fn`, and all else after it.
        in_head &= content.peek(Token![pub])
            || content.peek(token::Paren)
            || content.peek(Token![async])
            || content.peek(Token![unsafe]);
        let ends = content.peek(Token![;]) || content.peek(token::Brace);
        skipped.extend([content.parse::<TokenTree>()?]);
        if ends {
            break;
        }
    }
    Ok(skipped)
}

fn skip_all(input: ParseStream<'_>) -> syn::Result<()> {
    input.parse::<TokenStream>().map(drop)
}

impl Block {
    /// The block, as rustc shall see it.
    pub(crate) fn to_tokens(&self) -> TokenStream {
        let Self {
            attrs,
            impl_token,
            generics,
            self_ty,
            items,
        } = self;
        let where_clause = &generics.where_clause;
        let items = items.iter().map(|item| match item {
            Item::Other(attrs, tokens) | Item::Broken(attrs, tokens) => quote!(#(#attrs)* #tokens),
            Item::Method(method) => {
                let Method {
                    attrs,
                    vis,
                    sig,
                    body,
                } = &**method;
                quote!(#(#attrs)* #vis #sig #body)
            }
        });
        quote!(#(#attrs)* #impl_token #generics #self_ty #where_clause { #(#items)* })
    }
}
