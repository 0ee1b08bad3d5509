//! `#[mcp_server]`: parse, model, expand.

mod complete;
mod expand;
mod method;
mod model;
mod params;
mod parse;
mod parts;
mod template;

use proc_macro2::TokenStream;

pub(crate) use self::model::crate_path;
#[cfg(test)]
pub(crate) use self::params::NOTES;
use crate::errors::Errors;

/// The impl block without our attributes, and the implementation of `Server` or every mistake.
pub(crate) fn expand(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(mut block) = parse::block(item.clone(), &mut errors) else {
        let errors = errors.into_tokens();
        return quote::quote!(#item #errors);
    };
    let model = model::Model::new(attribute, &mut block, &mut errors);
    let block_tokens = block.to_tokens();
    if errors.is_empty() && !model.ambiguous {
        let implementation = expand::implementation(&model);
        return quote::quote!(#block_tokens #implementation);
    }
    // `Server` is for what lives as long as the program, so there can be no placeholder.
    if model.generics.lifetimes().next().is_some() {
        let errors = errors.into_tokens();
        return quote::quote!(#block_tokens #errors);
    }
    // Nothing else in the user's crate shall fail because of these mistakes.
    let placeholder = expand::placeholder(&model);
    let errors = errors.into_tokens();
    quote::quote!(#block_tokens #placeholder #errors)
}
