//! `parts(a, b)` and `part = a`: a server whose methods stand in several blocks.
//!
//! Blocks are expanded apart, so they meet in hidden constants of the type. Where one is missing, a trait of the same
//! block stands in for it, with a constant whose type rustc explains.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, Ident};

use super::{
    expand::{arm, describe, lints, private},
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
    let parts = parts.iter().map(found);
    quote!(&#private::Names { own: #own, parts: &[#(Self::#parts.names),*] })
}

/// What goes into the inherent implementation of the main block: its parts, and that they are listed.
pub(super) fn in_main(model: &Model, parts: &[Ident]) -> TokenStream {
    if parts.is_empty() {
        return TokenStream::new();
    }
    let at = Span::mixed_site();
    let private = private(&model.krate);
    let count = parts.len();
    let lists = parts.iter().map(listed);
    // Not from an expansion, as far as rustc can see: then it points at the name alone.
    let blocks = parts.iter().map(|part| {
        let (found, block) = (found(part), Ident::new("__block", part.span()));
        let bounded = quote_spanned!(part.span()=> __mcp_bounds::PartBlock::part(#block));
        quote_spanned!(at=> { let #block = Self::#found; #bounded })
    });
    quote_spanned! {at=>
        #(pub(crate) const #lists: #private::Listed = #private::Listed;)*

        fn __mcp_parts() -> [#private::Part<Self>; #count] {
            use #private::bounds as __mcp_bounds;
            [#(#blocks),*]
        }
    }
}

/// Stands around the main block: what there is of a part without a block, and the check that no name is used twice.
pub(super) fn around_main(model: &Model, parts: &[Ident], block: TokenStream) -> TokenStream {
    if parts.is_empty() {
        return block;
    }
    let at = Span::mixed_site();
    let Model {
        krate,
        generics,
        self_ty,
        ..
    } = model;
    let private = private(krate);
    let missing = parts.iter().map(found);
    // The names of a generic server are known once it is built for a type; `distinct` is asked there.
    let distinct = generics.params.is_empty().then(|| {
        let names = quote!(<#self_ty as #krate::Server>::NAMES);
        let checks = distinct(&private, parts, &names);
        quote_spanned!(at=> #(const _: () = #checks;)*)
    });
    quote_spanned! {at=>
        const _: () = {
            trait __McpNoBlock {
                #(const #missing: #private::NoBlock = #private::NoBlock::NEW;)*
            }
            impl<T: ?::core::marker::Sized> __McpNoBlock for T {}

            #block

            #distinct
        };
    }
}

/// One check for each part, at its name.
fn distinct<'p>(
    private: &'p TokenStream,
    parts: &'p [Ident],
    names: &'p TokenStream,
) -> impl Iterator<Item = TokenStream> + 'p {
    parts.iter().enumerate().map(move |(index, part)| {
        let at = Span::mixed_site().located_at(part.span());
        quote_spanned!(at=> #private::distinct(#names, #index))
    })
}

/// The checks of a generic server, which run when it is built for a type.
pub(super) fn distinct_generic(model: &Model, parts: &[Ident]) -> TokenStream {
    if model.generics.params.is_empty() {
        return TokenStream::new();
    }
    let private = private(&model.krate);
    let krate = &model.krate;
    let names = quote!(<Self as #krate::Server>::NAMES);
    let checks = distinct(&private, parts, &names);
    quote_spanned!(Span::mixed_site()=> #(const { #checks })*)
}

/// The lines of the main block's description and dispatcher that are about its parts.
pub(super) fn in_describe(parts: &[Ident]) -> Option<TokenStream> {
    let at = Span::mixed_site();
    (!parts.is_empty()).then(|| {
        quote_spanned! {at=>
            for part in Self::__mcp_parts() {
                part.describe(into);
            }
        }
    })
}

/// See [`in_describe`].
pub(super) fn in_dispatch(private: &TokenStream, parts: &[Ident]) -> Option<TokenStream> {
    let at = Span::mixed_site();
    (!parts.is_empty()).then(|| {
        quote_spanned! {at=>
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
        generics,
        self_ty,
        entries,
        ..
    } = model;
    let private = private(krate);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let lints = lints();
    let (found, listed) = (found(part), listed(part));
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
                const #listed: #private::NotListed = #private::NotListed;
            }
            impl<T: ?::core::marker::Sized> __McpNotListed for T {}

            #lints
            impl #impl_generics #self_ty #where_clause {
                #signatures

                pub(crate) const #found: #private::Part<Self> = #private::Part::new(
                    &#private::Names { own: #own, parts: &[] },
                    Self::#describe,
                    Self::#dispatch,
                );

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
    let at = Span::mixed_site();
    let Model {
        krate,
        generics,
        self_ty,
        ..
    } = model;
    let private = private(krate);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (lints, found) = (lints(), found(part));
    quote_spanned! {at=>
        #lints
        impl #impl_generics #self_ty #where_clause {
            pub(crate) const #found: #private::Part<Self> = #private::Part::EMPTY;
        }
    }
}

/// What the placeholder of a main block needs, so that its parts find that they are listed.
pub(super) fn in_placeholder(model: &Model, parts: &[Ident]) -> TokenStream {
    if parts.is_empty() {
        return TokenStream::new();
    }
    let Model {
        krate,
        generics,
        self_ty,
        ..
    } = model;
    let private = private(krate);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let lints = lints();
    let lists = parts.iter().map(listed);
    quote_spanned! {Span::mixed_site()=>
        #lints
        impl #impl_generics #self_ty #where_clause {
            #(pub(crate) const #lists: #private::Listed = #private::Listed;)*
        }
    }
}
