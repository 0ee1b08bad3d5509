//! The calls on the builder.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;

use super::model::{Call, Model};
use crate::errors::Errors;

/// The block that is the composition.
pub(super) fn expression(model: &Model, errors: Errors) -> TokenStream {
    let at = Span::mixed_site();
    let Model { krate, calls } = model;
    let calls = calls.iter().map(call);
    let errors = errors.into_tokens();
    // The user's own tokens name these, so they need the user's hygiene.
    let constructors = ["stdio", "http", "session"].map(|name| Ident::new(name, Span::call_site()));
    quote_spanned! {at=>
        {
            #[allow(unused_imports)]
            use #krate::child::{#(#constructors),*};
            #errors
            let composition = #krate::Composition::builder()
                .package(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
            #(#calls)*
            composition.build()
        }
    }
}

fn call(call: &Call) -> TokenStream {
    let at = Span::mixed_site();
    let Call {
        cfgs,
        method,
        namespace,
        value,
        span,
    } = call;
    let method = Ident::new(method, at.located_at(*span));
    let namespace = namespace.as_ref().map(|name| {
        let name = name.to_token_stream();
        quote!(#name,)
    });
    quote_spanned!(at=> #(#cfgs)* let composition = composition.#method(#namespace #value);)
}
