//! `parts(a, b)` and `part = a`: a server whose methods stand in several blocks.
//!
//! Blocks are expanded apart, so they meet in hidden constants of the type. Where one is missing, a trait of the same
//! block stands in for it, with a constant whose type rustc explains.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Ident};

use super::{
    expand::{arm, bounded, describe, lints, private},
    model::{Entry, Model, Role},
};
use crate::{attr::Keys, errors::Errors};

/// Which block of a server it is.
pub(super) enum Place {
    /// The one that names the server, with the names of the others.
    Main(Vec<Ident>),
    /// One of the others.
    Part(Ident),
}

/// What is about the server as a whole.
const OF_SERVER: [&str; 6] = [
    "name",
    "title",
    "version",
    "instructions",
    "website",
    "icons",
];

impl Place {
    pub(super) fn parse(keys: &mut Keys, errors: &mut Errors) -> Self {
        let parts = keys.parts.take();
        if let Some(list) = &parts {
            for (index, part) in list.iter().enumerate() {
                if list[..index].contains(part) {
                    errors.at(part.span(), format!("part `{part}` is listed twice"));
                }
            }
        }
        let given = keys.span("part");
        let part = match keys.value("part", errors) {
            Some(Expr::Path(path)) if path.path.get_ident().is_some() => {
                path.path.get_ident().cloned()
            }
            Some(other) => {
                errors.on(other, "a part has a plain name: `part = admin`");
                None
            }
            None => None,
        };
        let Some(span) = given else {
            return Self::Main(parts.unwrap_or_default());
        };
        if parts.is_some() {
            errors.at(span, "a block is a part, or has parts, but not both");
        }
        for key in OF_SERVER {
            if let Some(span) = keys.span(key) {
                let message = format!(
                    "`{key}` is about the whole server: write it on the block with `parts(..)`"
                );
                errors.at(span, message);
            }
        }
        Self::Part(part.unwrap_or_else(|| Ident::new("unnamed", span)))
    }
}

/// The constant by which the main block finds a part.
fn found(part: &Ident) -> Ident {
    Ident::new(
        &format!("__mcp_part_{part}"),
        Span::mixed_site().located_at(part.span()),
    )
}

/// The constant with the names of a part.
fn names_of(part: &Ident) -> Ident {
    let found = found(part);
    Ident::new(&format!("{found}_names"), found.span())
}

/// The constant by which a part finds out that it is listed.
fn listed(part: &Ident) -> Ident {
    Ident::new(
        &format!("__mcp_lists_part_{part}"),
        Span::mixed_site().located_at(part.span()),
    )
}

/// The names of tools, resources and prompts, to find those that are used in two blocks.
fn own_names(entries: &[Entry], private: &TokenStream) -> TokenStream {
    let names = entries.iter().filter_map(|entry| {
        let cfgs = &entry.method.cfgs;
        let (kind, name) = match &entry.role {
            Role::Tool { name, .. } => (quote!(Tool), name),
            Role::Prompt { name, .. } => (quote!(Prompt), name),
            Role::Resource { uri, .. } => (quote!(Resource), uri),
            Role::Complete { .. } => return None,
        };
        Some(quote!(#(#cfgs)* (#private::Kind::#kind, #name)))
    });
    quote!(&[#(#names),*])
}

/// What a server has in its main block, and in its parts.
pub(super) fn names(model: &Model, parts: &[Ident]) -> TokenStream {
    let private = private(&model.krate);
    let own = own_names(&model.entries, &private);
    let parts = parts.iter().map(names_of);
    quote!(&#private::Names { own: #own, parts: &[#(Self::#parts),*] })
}

/// The bounds of the implementations of a server in parts. Of a type without parameters rustc knows whether it is shared,
/// and says it once.
fn shared(model: &Model) -> (impl ToTokens, TokenStream) {
    let (impl_generics, where_clause, shared) = bounded(model);
    let shared = (!model.generics.params.is_empty()).then_some(shared);
    (impl_generics, quote!(#where_clause #shared))
}

/// What the main block has for its parts: what they are, and that they are listed.
pub(super) fn in_main(model: &Model, parts: &[Ident]) -> TokenStream {
    if parts.is_empty() {
        return TokenStream::new();
    }
    let at = Span::mixed_site();
    let Model { krate, self_ty, .. } = model;
    let private = private(krate);
    let (impl_generics, where_clause) = shared(model);
    let (lints, count) = (lints(), parts.len());
    let listed = listings(parts);
    // Not from an expansion, as far as rustc can see: then it points at the name alone.
    let blocks = parts.iter().map(|part| {
        let (found, block) = (found(part), Ident::new("__block", part.span()));
        let bounded = quote_spanned!(part.span()=> __mcp_bounds::PartBlock::part(#block));
        quote_spanned!(at=> { let #block = Self::#found; #bounded })
    });
    quote_spanned! {at=>
        #lints
        impl #impl_generics #self_ty #where_clause {
            #listed

            fn __mcp_parts() -> [#private::Part<Self>; #count] {
                use #private::bounds as __mcp_bounds;
                [#(#blocks),*]
            }
        }
    }
}

/// The constants by which parts find that they are listed.
fn listings(parts: &[Ident]) -> TokenStream {
    let lists = parts.iter().map(listed);
    quote!(#(pub(crate) const #lists: bool = true;)*)
}

/// Stands around the main block: what there is of a part without a block, and the check that no name is used twice.
pub(super) fn around_main(model: &Model, parts: &[Ident], block: TokenStream) -> TokenStream {
    if parts.is_empty() {
        return block;
    }
    let Model {
        krate,
        generics,
        self_ty,
        ..
    } = model;
    let private = private(krate);
    let (missing, no_names) = (parts.iter().map(found), parts.iter().map(names_of));
    // The names of a generic server are known once it is built for a type; see `distinct_generic`.
    let distinct = generics.params.is_empty().then(|| {
        let checks = distinct(parts, &quote!(<#self_ty as #krate::Server>::NAMES));
        quote!(#(const _: () = #checks;)*)
    });
    quote_spanned! {Span::mixed_site()=>
        const _: () = {
            use #private::distinct as __mcp_distinct;

            trait __McpNoBlock {
                #(const #missing: () = ();)*
                #(const #no_names: &'static #private::Names = #private::Names::NONE;)*
            }
            impl<T: ?::core::marker::Sized> __McpNoBlock for T {}

            #block

            #distinct
        };
    }
}

/// One check for each part, at its name.
fn distinct(parts: &[Ident], names: &TokenStream) -> Vec<TokenStream> {
    let check = |(index, part): (usize, &Ident)| quote_spanned!(part.span()=> __mcp_distinct(#names, #index));
    parts.iter().enumerate().map(check).collect()
}

/// The checks of a generic server, which run when it is built for a type.
pub(super) fn distinct_generic(model: &Model, parts: &[Ident]) -> TokenStream {
    if model.generics.params.is_empty() {
        return TokenStream::new();
    }
    let krate = &model.krate;
    let checks = distinct(parts, &quote!(<Self as #krate::Server>::NAMES));
    quote!(#(const { #checks })*)
}

/// The lines of the main block's description that are about its parts.
pub(super) fn in_describe(parts: &[Ident]) -> Option<TokenStream> {
    (!parts.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            for part in Self::__mcp_parts() {
                part.describe(into);
            }
        }
    })
}

/// The lines of the main block's dispatcher that are about its parts.
pub(super) fn in_dispatch(private: &TokenStream, parts: &[Ident]) -> Option<TokenStream> {
    (!parts.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            let mut call = call;
            for part in Self::__mcp_parts() {
                match part.dispatch(#private::Arc::clone(&this), call) {
                    ::core::ops::ControlFlow::Break(serving) => return serving,
                    ::core::ops::ControlFlow::Continue(other) => call = other,
                }
            }
        }
    })
}

/// The implementation of a part: the hidden functions of its methods are `signatures`.
pub(super) fn implementation(model: &Model, part: &Ident, signatures: &TokenStream) -> TokenStream {
    let at = Span::mixed_site();
    let Model {
        krate,
        self_ty,
        entries,
        ..
    } = model;
    let private = private(krate);
    let (impl_generics, where_clause) = shared(model);
    let lints = lints();
    let (found, names, listed) = (found(part), names_of(part), listed(part));
    let own = own_names(entries, &private);
    let described = entries.iter().map(|entry| describe(entry, &private));
    let arms = entries.iter().map(|entry| arm(entry, &private));
    let (describe, dispatch) = (
        Ident::new(&format!("{found}_describe"), found.span()),
        Ident::new(&format!("{found}_dispatch"), found.span()),
    );
    let listing = Ident::new("__listing", part.span());
    let is_listed = quote_spanned!(part.span()=> __mcp_bounds::ListedPart::listed(#listing));
    quote_spanned! {at=>
        const _: () = {
            trait __McpNotListed {
                const #listed: () = ();
            }
            impl<T: ?::core::marker::Sized> __McpNotListed for T {}

            #lints
            impl #impl_generics #self_ty #where_clause {
                #signatures

                pub(crate) const #names: &'static #private::Names =
                    &#private::Names { own: #own, parts: &[] };

                pub(crate) const #found: #private::Part<Self> =
                    #private::Part::new(Self::#describe, Self::#dispatch);

                fn #describe(into: &mut #private::Describe) {
                    use #private::bounds as __mcp_bounds;
                    let #listing = Self::#listed;
                    #is_listed;
                    #(#described)*
                }

                fn #dispatch(this: #private::Arc<Self>, call: #krate::Call) -> #private::Dispatched {
                    use #krate::Call as __McpCall;
                    ::core::ops::ControlFlow::Break(match (call.kind(), call.key()) {
                        #(#arms)*
                        _ => return ::core::ops::ControlFlow::Continue(call),
                    })
                }
            }
        };
    }
}

/// Stands in for a part with mistakes, so that the main block finds it.
pub(super) fn placeholder(model: &Model, part: &Ident) -> TokenStream {
    let Model { krate, self_ty, .. } = model;
    let private = private(krate);
    let (impl_generics, where_clause) = shared(model);
    let (lints, found, names) = (lints(), found(part), names_of(part));
    quote_spanned! {Span::mixed_site()=>
        #lints
        impl #impl_generics #self_ty #where_clause {
            pub(crate) const #names: &'static #private::Names = #private::Names::NONE;
            pub(crate) const #found: #private::Part<Self> = #private::Part::EMPTY;
        }
    }
}

/// What the placeholder of a main block needs, so that its parts find that they are listed.
pub(super) fn in_placeholder(model: &Model, parts: &[Ident]) -> TokenStream {
    if parts.is_empty() {
        return TokenStream::new();
    }
    let self_ty = &model.self_ty;
    let (impl_generics, where_clause) = shared(model);
    let (lints, listed) = (lints(), listings(parts));
    quote_spanned! {Span::mixed_site()=>
        #lints
        impl #impl_generics #self_ty #where_clause {
            #listed
        }
    }
}
