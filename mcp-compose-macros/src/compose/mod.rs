//! `compose!`: parse, model, expand.

mod expand;
mod model;
mod parse;
mod values;

use proc_macro2::TokenStream;

use crate::errors::Errors;

/// The expression, and every mistake. What is well formed is expanded in any case, so that rustc checks it too.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parsed = parse::items(input, &mut errors);
    let model = model::Model::new(parsed, &mut errors);
    expand::expression(&model, errors)
}
