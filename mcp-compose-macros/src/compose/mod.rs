//! `compose!`: parse, model, expand.

mod expand;
mod form;
mod model;
mod namespace;
mod parse;
mod profiles;
mod settings;
#[cfg(test)]
mod tests;
mod values;

use proc_macro2::TokenStream;

#[cfg(test)]
pub(crate) use self::settings::SETTINGS;
use crate::errors::Errors;

/// The composition, and every mistake. What is well formed is expanded in any case, so that rustc checks it too.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some((form, entries)) = form::parse(input, &mut errors) else {
        return errors.into_tokens();
    };
    let model = model::Model::new(&form, entries, &mut errors);
    expand::expand(&form, &model, errors)
}
