//! The code that declares a composition: calls on the builder, and the struct of handles.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Ident, Path};

use super::{
    form::{Form, Header},
    model::{Call, Field, Method, Model},
    parse::{Broken, Key},
};
use crate::{docs, errors::Errors};

/// What the call of the macro stands for.
pub(super) fn expand(form: &Form, model: &Model, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    match form {
        Form::Composition => composition(model, &errors),
        Form::Value(name) => value(name, model, &errors),
        Form::Struct(header) => item(header, model, &errors),
    }
}

/// The block that is the composition.
fn composition(model: &Model, errors: &TokenStream) -> TokenStream {
    let at = Span::mixed_site();
    let Model { krate, calls, .. } = model;
    let calls = calls.iter().map(|one| call(krate, one));
    let broken = model.broken.iter().map(|broken| for_editors(krate, broken));
    // The user's own tokens name these, so they need the user's hygiene.
    let constructors =
        ["stdio", "http", "session", "local"].map(|name| Ident::new(name, Span::call_site()));
    let from_file = Ident::new("from_file", Span::call_site());
    quote_spanned! {at=>
        {
            #[allow(unused_imports)]
            use #krate::{child::{#(#constructors),*}, #from_file};
            #errors
            #(#broken)*
            let composition = #krate::Composition::builder()
                .package(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
            #(#calls)*
            composition.build()
        }
    }
}

/// A struct that is known inside one block, and its one value.
fn value(name: &Ident, model: &Model, errors: &TokenStream) -> TokenStream {
    let at = Span::mixed_site();
    let krate = &model.krate;
    // Outside of the block, so that the user's tokens do not see the struct.
    let composition = composition(model, errors);
    let declared = structure(&derives(&[]), &syn::Visibility::Inherited, name, model);
    let fields = handles(model);
    quote_spanned! {at=>
        {
            let declared = #krate::__private::Declared::new(#composition);
            {
                #declared
                #name { #(#fields,)* __declared: declared }
            }
        }
    }
}

/// A struct whose `new` declares the composition.
fn item(header: &Header, model: &Model, errors: &TokenStream) -> TokenStream {
    let at = Span::mixed_site();
    let krate = &model.krate;
    let Header {
        attrs,
        vis,
        name,
        generics,
        params,
        output,
    } = header;
    let cfgs = &model.struct_cfgs;
    let summary = docs::text(attrs)
        .is_none()
        .then(|| quote!(#[doc = "Handles to the children of a composition."]));
    let derives = derives(attrs);
    let declared = structure(&quote!(#(#attrs)* #summary #derives), vis, name, model);
    let composition = composition(model, &TokenStream::new());
    let where_clause = &generics.where_clause;
    let fields = handles(model);
    let value = quote_spanned!(at=> Self { #(#fields,)* __declared: declared });
    let (output, value, docs) = match output {
        None => (
            quote_spanned!(at=> Self),
            value,
            quote!(#[doc = "Declares the children. None is started: that is done on first use."] #[must_use]),
        ),
        Some(output) => (
            output.to_token_stream(),
            quote_spanned!(at.located_at(syn::spanned::Spanned::span(output))=> ::core::result::Result::Ok(#value)),
            quote!(
                #[doc = "Declares the children. None is started: that is done on first use."]
                #[doc = ""]
                #[doc = "# Errors"]
                #[doc = "Those of the children's declarations."]
            ),
        ),
    };
    quote_spanned! {at=>
        #errors
        #declared
        #(#cfgs)*
        impl #name {
            #docs
            #[allow(dead_code)]
            #vis fn new #generics (#params) -> #output #where_clause {
                let declared = #krate::__private::Declared::new(#composition);
                #value
            }
        }
    }
}

/// The struct, with what does not depend on how it is made.
fn structure(
    attrs: &TokenStream,
    vis: &syn::Visibility,
    name: &Ident,
    model: &Model,
) -> TokenStream {
    let at = Span::mixed_site();
    let krate = &model.krate;
    let cfgs = model.struct_cfgs.iter();
    let cfgs = quote!(#(#cfgs)*);
    let fields = model.fields.iter().map(|field| {
        let Field {
            cfgs, docs, name, ..
        } = field;
        quote_spanned!(at=> #(#cfgs)* #(#docs)* #[allow(dead_code)] #vis #name: #krate::Child)
    });
    quote_spanned! {at=>
        #attrs
        #vis struct #name {
            #(#fields,)*
            __declared: #krate::__private::Declared,
        }

        #cfgs
        #[allow(dead_code)]
        impl #name {
            /// Starts every child that is not lazy, and waits for them. Without this each starts on its first use.
            ///
            /// # Errors
            /// When the composition is wrong.
            #vis async fn connect(&self) -> ::core::result::Result<(), #krate::ServeError> {
                self.__declared.connect().await
            }

            /// All children, by namespace.
            #[must_use]
            #vis fn children(&self) -> #krate::Children {
                self.__declared.children()
            }
        }

        #cfgs
        impl #krate::IntoChildren for #name {
            fn into_children(self) -> #krate::Composition {
                self.__declared.composition()
            }
        }

        #cfgs
        impl #krate::IntoComposition for #name {
            fn into_composition(self) -> #krate::Composition {
                self.__declared.composition()
            }
        }
    }
}

/// What every such struct derives, unless the user does.
fn derives(attrs: &[Attribute]) -> TokenStream {
    let mut theirs = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("derive")) {
        // What does not parse is rustc's to report.
        let _ = attr.parse_nested_meta(|meta| {
            theirs.extend(meta.path.segments.last().map(|last| last.ident.to_string()));
            Ok(())
        });
    }
    let is_ours = |name: &str| !theirs.iter().any(|theirs| theirs == name);
    let clone = is_ours("Clone").then(|| quote!(#[derive(::core::clone::Clone)]));
    let debug = is_ours("Debug").then(|| quote!(#[derive(::core::fmt::Debug)]));
    quote!(#clone #debug)
}

/// The fields of the value: a handle each.
fn handles(model: &Model) -> impl Iterator<Item = TokenStream> {
    model.fields.iter().map(|field| {
        let Field {
            cfgs,
            name,
            namespace,
            ..
        } = field;
        quote_spanned!(Span::mixed_site()=> #(#cfgs)* #name: declared.child(#namespace))
    })
}

fn call(krate: &Path, call: &Call) -> TokenStream {
    let Call {
        cfgs,
        method,
        value,
        span,
    } = call;
    let at = Span::mixed_site();
    let named = |method: &str| Ident::new(method, at.located_at(*span));
    let composition = match method {
        Method::Child(namespace) => {
            let child = named("child");
            quote_spanned!(at=> composition.#child(#namespace, #value))
        }
        Method::Flag(flag) => {
            let flag = named(flag);
            let bare = syn::parse2::<syn::ExprIf>(quote!(if #value {}));
            // A literal of a struct cannot stand there as it is.
            let value = bare.map_or_else(|_| quote!((#value)), |_| value.clone());
            quote_spanned!(at=> if #value { composition.#flag() } else { composition })
        }
        Method::Profile(name, is_calls) => {
            let profile = named("profile");
            let value = match is_calls {
                true => quote_spanned!(at=> #krate::Profile::new() #value),
                false => value.clone(),
            };
            quote_spanned!(at=> composition.#profile(#name, #value))
        }
        Method::Of(method) => {
            let method = named(method);
            quote_spanned!(at=> composition.#method(#value))
        }
    };
    quote_spanned!(at=> #(#cfgs)* let composition = #composition;)
}

/// What an editor can complete in an entry that is still being written.
fn for_editors(krate: &Path, broken: &Broken) -> TokenStream {
    let tokens = &broken.tokens;
    let builder = quote!(#krate::Composition::builder());
    let call = match &broken.key {
        None => quote!(#tokens),
        Some(Key::Setting(name, _)) => quote!(#builder.#name(#tokens)),
        Some(Key::Namespace(namespace)) => {
            let name = &namespace.name;
            quote!(#builder.child(#name, #tokens))
        }
        Some(Key::Unprefixed) => quote!(#builder.local(#tokens)),
        Some(Key::Spread) => quote!(#builder.spread(#tokens)),
    };
    quote!(#krate::__editor! { #call })
}
