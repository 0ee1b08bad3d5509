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

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    #[test]
    fn expands_to_calls_on_the_builder_in_order() {
        let expanded = super::expand(quote! {
            separator = "__",
            _: Notes::open(path)?,
            database: stdio("tsx", "db.ts", rest::<A, B>()).env("K", v),
            #[cfg(feature = "admin")]
            "my-admin": http(url).await,
            ..shared,
            crate = ::renamed
        });
        let expected = quote! {{
            #[allow(unused_imports)]
            use ::renamed::child::{stdio, http, session};
            let composition = ::renamed::Composition::builder()
                .package(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
            let composition = composition.separator("__");
            let composition = composition.local(Notes::open(path)?);
            let composition = composition.child(
                "database",
                stdio("tsx").arg("db.ts").arg(rest::<A, B>()).env("K", v)
            );
            #[cfg(feature = "admin")]
            let composition = composition.child("my-admin", http(url).await);
            let composition = composition.spread(shared);
            composition.build()
        }};
        assert_eq!(expanded.to_string(), expected.to_string());
    }

    #[test]
    fn a_broken_entry_costs_only_itself() {
        let input: TokenStream = quote!(db stdio("a"), web: stdio("b") "c", good: stdio("d"));
        let expanded = super::expand(input).to_string();
        assert_eq!(expanded.matches("compile_error").count(), 2);
        assert_eq!(expanded.matches("composition . child").count(), 1);
    }
}
