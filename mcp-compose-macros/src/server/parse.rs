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
    Other(TokenStream),
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
    let parser = |input: ParseStream<'_>| parse_block(input, errors);
    match parser.parse2(item) {
        Ok(block) => Some(block),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

fn parse_block(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Block> {
    let attrs = input.call(Attribute::parse_outer)?;
    if !input.peek(Token![impl]) {
        let span = input.cursor().span();
        skip_all(input)?;
        return Err(syn::Error::new(
            span,
            "`#[mcp_server]` goes on an `impl` block",
        ));
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
            Err(error) => {
                errors.push(error);
                skip_item(&content)?;
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

fn item_of(content: ParseStream<'_>) -> syn::Result<Item> {
    let ahead = content.fork();
    let attrs = ahead.call(Attribute::parse_outer)?;
    let vis: Visibility = ahead.parse()?;
    let signature = ahead.fork();
    if signature.parse::<Signature>().is_err() {
        let other = content.fork();
        let item: ImplItem = other.parse()?;
        content.advance_to(&other);
        return Ok(Item::Other(item.into_token_stream()));
    }
    let sig: Signature = ahead.parse()?;
    let body: TokenTree = ahead.parse()?;
    content.advance_to(&ahead);
    Ok(Item::Method(Box::new(Method {
        attrs,
        vis,
        sig,
        body,
    })))
}

/// Drops what cannot be parsed, up to where the next item begins.
fn skip_item(content: ParseStream<'_>) -> syn::Result<()> {
    while !content.is_empty() {
        let ends = content.peek(Token![;]) || content.peek(token::Brace);
        content.parse::<TokenTree>()?;
        if ends {
            break;
        }
    }
    Ok(())
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
            Item::Other(tokens) => tokens.clone(),
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
