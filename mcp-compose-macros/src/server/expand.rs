//! The implementation of `Server`. Small on purpose: what can be a function in `__private` is one.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericArgument, Ident, PathArguments, Type, spanned::Spanned};

use super::{
    method::{Method, SelfKind},
    model::{Entry, Model, Role},
    params::{Fallback, InputParam, Param, local},
    parts::{self, Place},
};

/// The implementation.
pub(super) fn implementation(model: &Model) -> TokenStream {
    let at = Span::mixed_site();
    let private = private(&model.krate);
    let entries = &model.entries;
    let unhinted = entries.iter().filter_map(|entry| unhinted(entry, model));
    let hidden = entries
        .iter()
        .map(|entry| signature_functions(entry, &private));
    let hidden = quote!(#(#hidden)*);
    let implementation = match &model.place {
        Place::Main(parts) => {
            let block = main_block(model, parts, &hidden);
            parts::around_main(model, parts, block)
        }
        Place::Part(part) => parts::implementation(model, part, &hidden),
    };
    quote_spanned! {at=>
        #(#unhinted)*

        #implementation
    }
}

/// The implementation of a block that is the server.
fn main_block(model: &Model, parts: &[Ident], hidden: &TokenStream) -> TokenStream {
    let at = Span::mixed_site();
    let Model {
        krate,
        self_ty,
        name,
        version,
        info,
        entries,
        ..
    } = model;
    let private = private(krate);
    let lints = lints();
    let (impl_generics, where_clause, shared) = bounded(model);
    let info = info
        .iter()
        .map(|(key, value)| quote_spanned!(at=> into.#key(#value);));
    let described = entries.iter().map(|entry| describe(entry, &private));
    let arms = entries.iter().map(|entry| arm(entry, &private));
    let result = result_type(&private);
    let names = parts::names(model, parts);
    let of_parts = parts::in_main(model, parts);
    let distinct = parts::distinct_generic(model, parts);
    let describe_parts = parts::in_describe(parts);
    let dispatch_parts = parts::in_dispatch(&private, parts);
    quote_spanned! {at=>
        #lints
        impl #impl_generics #self_ty #where_clause {
            #hidden
        }

        #of_parts

        #lints
        impl #impl_generics #krate::Server for #self_ty #where_clause #shared {
            const NAMES: &'static #private::Names = #names;

            fn describe(into: &mut #private::Describe) {
                #distinct
                into.server(#name, #version);
                #(#info)*
                #(#described)*
                #describe_parts
            }

            fn dispatch(this: #private::Arc<Self>, call: #krate::Call) -> #private::BoxFuture<'static, #result> {
                use #krate::Call as __McpCall;
                match (call.kind(), call.key()) {
                    #(#arms)*
                    _ => {
                        #dispatch_parts
                        __McpCall::serve(async move { ::core::result::Result::Err(call.unknown()) })
                    }
                }
            }
        }
    }
}

/// Stands in for the implementation when there are mistakes, so that nothing else fails because of them.
pub(super) fn placeholder(model: &Model) -> TokenStream {
    let at = Span::mixed_site();
    let Model { krate, self_ty, .. } = model;
    let parts = match &model.place {
        Place::Main(parts) => parts::in_placeholder(model, parts),
        Place::Part(part) => return parts::placeholder(model, part),
    };
    let private = private(krate);
    let (impl_generics, where_clause, shared) = bounded(model);
    let lints = lints();
    let result = result_type(&private);
    quote_spanned! {at=>
        #parts

        #lints
        impl #impl_generics #krate::Server for #self_ty #where_clause #shared {
            fn describe(_: &mut #private::Describe) {}

            fn dispatch(_: #private::Arc<Self>, call: #krate::Call) -> #private::BoxFuture<'static, #result> {
                #krate::Call::serve(async move { ::core::result::Result::Err(call.unknown()) })
            }
        }
    }
}

/// The generics of the impls; their bounds, and that of `Server` alone.
pub(super) fn bounded(model: &Model) -> (impl ToTokens, TokenStream, TokenStream) {
    let (impl_generics, _, where_clause) = model.generics.split_for_impl();
    let predicates = where_clause.map(|clause| &clause.predicates);
    let predicates = predicates.into_iter().flatten();
    // A server lives as long as the program: this need not be written for each of its type parameters.
    let types = model.generics.type_params().map(|param| {
        let ident = &param.ident;
        quote!(#ident: 'static)
    });
    let predicates = quote!(where #(#predicates,)* #(#types,)*);
    // That it is shared between threads is said here, so that rustc reports it once and not for each method.
    let self_ty = &model.self_ty;
    let shared = quote_spanned! {self_ty.span()=>
        #self_ty: ::core::marker::Send + ::core::marker::Sync
    };
    (impl_generics, predicates, shared)
}

pub(super) fn private(krate: &syn::Path) -> TokenStream {
    quote!(#krate::__private)
}

fn result_type(private: &TokenStream) -> TokenStream {
    quote!(::core::result::Result<#private::String, #private::ToolError>)
}

pub(super) fn lints() -> TokenStream {
    quote! {
        #[automatically_derived]
        #[doc(hidden)]
        #[allow(unused, non_upper_case_globals, trivial_bounds, clippy::all, clippy::pedantic, clippy::nursery)]
    }
}

/// A warning on a tool that does not say what it changes: stable macros can warn by way of a deprecation only.
fn unhinted(entry: &Entry, model: &Model) -> Option<TokenStream> {
    let Role::Tool {
        name,
        hinted: false,
        ..
    } = &entry.role
    else {
        return None;
    };
    let at = Span::mixed_site();
    let Method {
        cfgs,
        allows,
        ident,
        ..
    } = &entry.method;
    let block_allows = &model.allows;
    let note = format!(
        "tool `{name}` does not say what it changes: write `read_only`, `destructive`, `idempotent` or `destructive = false`"
    );
    let used = quote_spanned!(at.located_at(ident.span())=> tool_without_hints);
    Some(quote_spanned! {at=>
        #(#cfgs)*
        const _: () = {
            #[deprecated(note = #note)]
            #[allow(non_upper_case_globals)]
            const tool_without_hints: () = ();
            #(#block_allows)*
            #(#allows)*
            const _: () = #used;
        };
    })
}

/// Two hidden functions per method. Each user type stands in exactly one bounded expression, at its own span, so that
/// rustc reports a type that does not fit once and there.
fn signature_functions(entry: &Entry, private: &TokenStream) -> TokenStream {
    let at = Span::mixed_site();
    let Method { cfgs, output, .. } = &entry.method;
    let (inputs_fn, output_fn) = (entry.method.hidden("inputs"), entry.method.hidden("output"));
    let types = entry.method.inputs().map(|input| &input.ty);
    let whole = entry.method.inputs().any(|input| input.whole.is_some());
    let bound = |input: &InputParam| match &entry.role {
        Role::Resource { variables, .. } if !variables.contains(&input.name) => "Extractor",
        Role::Complete { .. } => "Extractor",
        Role::Tool { .. } | Role::Prompt { .. } if whole && input.whole.is_none() => "Extractor",
        Role::Tool { .. } => "ToolParameter",
        Role::Prompt { .. } if whole => "ToolParameter",
        Role::Resource { .. } | Role::Prompt { .. } => "TextParameter",
    };
    let inputs = entry
        .method
        .inputs()
        .map(|input| input_of(input, bound(input), private));
    let unit: Type = syn::parse_quote!(());
    let output = output.as_ref().unwrap_or(&unit);
    // Not from an expansion, as far as rustc can see: then it points at these types alone.
    let (good_at, error_at) = (half_of(output, 0).span(), half_of(output, 1).span());
    let (good_way, error_way) = (
        Ident::new("__good", good_at),
        Ident::new("__error", error_at),
    );
    let (bound, way) = match entry.role {
        Role::Tool { .. } => ("ToolOutput", Some(quote!(tool))),
        Role::Resource { .. } => ("ResourceOutput", Some(quote!(resource))),
        Role::Prompt { .. } => ("PromptOutput", None),
        Role::Complete { .. } => ("CompletionOutput", None),
    };
    let bound = Ident::new(bound, good_at);
    let find_good = way.map(|way| quote_spanned!(at=> let #good_way = (&&&halves.good).#way();));
    let given_way = find_good.is_some().then_some(&good_way);
    let good = quote_spanned!(good_at=> __mcp_bounds::#bound::good(#given_way));
    let error = quote_spanned!(error_at=> __mcp_bounds::MethodError::told(#error_way));
    quote_spanned! {at=>
        #(#cfgs)*
        fn #inputs_fn() -> (#(#private::Input<#types>,)*) {
            use #private::{bounds as __mcp_bounds, ways::*};
            (#(#inputs,)*)
        }

        #(#cfgs)*
        fn #output_fn() -> #private::Output<#output> {
            use #private::{bounds as __mcp_bounds, ways::*};
            let halves = (&&#private::Returned::<#output>::new()).split();
            #find_good
            let #error_way = (&&halves.error).error();
            halves.output(&#good, #error)
        }
    }
}

/// `bound`: which of the runtime's `bounds` the type has to satisfy.
fn input_of(input: &InputParam, bound: &str, private: &TokenStream) -> TokenStream {
    let InputParam {
        name,
        doc,
        ty,
        inner,
        default,
        header,
        whole,
        extracted,
        ..
    } = input;
    let probed = inner.as_ref().unwrap_or(ty);
    let at = Span::mixed_site().located_at(probed.span());
    let way = quote_spanned!(at=> (&&#private::InputProbe::<#probed>::new(#name, #doc)).way());
    let mut tokens = if *extracted || bound == "Extractor" {
        quote_spanned!(at=> <#probed as __mcp_bounds::Extractor>::input())
    } else {
        let bound = Ident::new(bound, at);
        quote_spanned!(at=> <#probed as __mcp_bounds::#bound<_>>::input(#way))
    };
    if inner.is_some() {
        tokens = quote_spanned!(at=> #tokens.optional());
    } else if let Some(default) = default {
        let make = match default {
            Fallback::OfType(span) => quote_spanned!(*span=> ::core::default::Default::default),
            Fallback::Value(value) => quote_spanned!(at=> || #value),
            Fallback::Text(value) => {
                let text =
                    quote_spanned!(value.span()=> __mcp_bounds::TextDefault::of_text(#value));
                quote_spanned!(at=> || #text)
            }
        };
        tokens = quote_spanned!(at=> (&&#private::Probe::<#ty>::new()).or_else(#tokens, #make));
    }
    if let Some(header) = header {
        tokens = quote_spanned!(at=> #tokens.in_header(#header));
    }
    if whole.is_some() {
        tokens = quote_spanned!(at=> #tokens.whole());
    }
    tokens
}

pub(super) fn describe(entry: &Entry, private: &TokenStream) -> TokenStream {
    let at = Span::mixed_site();
    let Entry { method, role } = entry;
    let cfgs = &method.cfgs;
    let (inputs_fn, output_fn) = (method.hidden("inputs"), method.hidden("output"));
    let inputs: Vec<Ident> = method
        .inputs()
        .enumerate()
        .map(|(index, input)| local("input", index, input.ty.span()))
        .collect();
    let add_inputs = quote_spanned! {at=>
        let (#(#inputs,)*) = Self::#inputs_fn();
        #(entry.input(&#inputs);)*
    };
    let body = match role {
        Role::Tool { name, settings, .. } => quote_spanned! {at=>
            let mut entry = #private::Tool::new(#name);
            #(entry.#settings;)*
            #add_inputs
            entry.output(&Self::#output_fn());
            into.tool(entry);
        },
        Role::Prompt { name, settings } => quote_spanned! {at=>
            let mut entry = #private::Prompt::new(#name);
            #(entry.#settings;)*
            #add_inputs
            into.prompt(entry);
        },
        Role::Resource {
            key,
            uri,
            name,
            settings,
            ..
        } => quote_spanned! {at=>
            let mut entry = #private::Resource::new(#key, #uri, #name);
            #(entry.#settings;)*
            into.resource(entry);
        },
        Role::Complete { key, targets } => {
            let targets = targets.iter().filter_map(|target| target.found.as_ref());
            let targets = targets.map(|(kind, name, argument)| {
                quote_spanned!(at=> into.completes(#private::Kind::#kind, #name, #argument, #key);)
            });
            quote!(#(#targets)*)
        }
    };
    quote_spanned!(at=> #(#cfgs)* { #body })
}

/// The arm of the dispatcher for one method.
pub(super) fn arm(entry: &Entry, private: &TokenStream) -> TokenStream {
    let at = Span::mixed_site();
    let Entry { method, role } = entry;
    let Method {
        cfgs,
        ident,
        receiver,
        is_async,
        params,
        ..
    } = method;
    let (kind, key) = match role {
        Role::Tool { name, .. } => (quote!(Tool), name),
        Role::Resource { key, .. } => (quote!(Resource), key),
        Role::Prompt { name, .. } => (quote!(Prompt), name),
        Role::Complete { key, .. } => (quote!(Complete), key),
    };
    let (inputs_fn, output_fn) = (method.hidden("inputs"), method.hidden("output"));
    let locals = |prefix: &str| -> Vec<Ident> {
        let inputs = method.inputs().enumerate();
        inputs
            .map(|(index, input)| local(prefix, index, input.ty.span()))
            .collect()
    };
    let (inputs, values) = (locals("input"), locals("value"));
    let taken = quote_spanned! {at=>
        let (#(#values,)*) = {
            let (#(#inputs,)*) = Self::#inputs_fn();
            let mut taking = call.taking();
            let (#(#values,)*) = (#(taking.take(#inputs),)*);
            match (taking.done(), #(#values,)*) {
                (true, #(::core::option::Option::Some(#values),)*) => (#(#values,)*),
                _ => return ::core::result::Result::Err(taking.refusal()),
            }
        };
    };
    // A completion is given what was typed so far, not arguments.
    let taken = if matches!(role, Role::Complete { .. }) && inputs.is_empty() {
        TokenStream::new()
    } else {
        taken
    };
    let mut value = values.iter();
    let blocking = matches!(role, Role::Tool { blocking: true, .. });
    let arguments = params.iter().map(|param| match param {
        Param::Ctx if blocking => quote_spanned!(at=> &ctx),
        Param::Ctx => quote_spanned!(at=> call.ctx()),
        Param::Partial => quote_spanned!(at=> call.partial()),
        Param::Input(_) => value.next().to_token_stream(),
    });
    let this = match receiver {
        SelfKind::Borrowed => quote_spanned!(at=> &this),
        SelfKind::Shared => quote_spanned!(at=> this),
    };
    let wait = is_async.then(|| quote_spanned!(at=> .await));
    let returned = quote_spanned!(at=> Self::#ident(#this, #(#arguments),*) #wait);
    let returned = if blocking {
        // Where rustc shall say that an argument or a result is not `Send`.
        let method = quote_spanned!(at.located_at(ident.span())=> move || #returned);
        let method = quote_spanned!(at.located_at(ident.span())=> #private::blocking(#method));
        quote_spanned! {at=>
            {
                let ctx = ::core::clone::Clone::clone(call.ctx());
                match #method.await {
                    ::core::result::Result::Ok(returned) => returned,
                    ::core::result::Result::Err(error) => return ::core::result::Result::Err(error),
                }
            }
        }
    } else {
        returned
    };
    let body = quote_spanned! {at=>
        #taken
        let returned = #returned;
        Self::#output_fn().reply(&call, returned)
    };
    // Where rustc shall say that a future is not `Send`.
    let future = quote_spanned!(at.located_at(ident.span())=> async move { #body });
    let served = quote_spanned!(at.located_at(ident.span())=> __McpCall::serve(#future));
    quote_spanned! {at=>
        #(#cfgs)*
        (#private::Kind::#kind, #key) => #served,
    }
}

/// The type to point at when a result does not fit: the `T` or the `E` of a `Result<T, E>`.
fn half_of(ty: &Type, index: usize) -> &Type {
    let Type::Path(path) = ty else { return ty };
    let Some(last) = path.path.segments.last() else {
        return ty;
    };
    match &last.arguments {
        PathArguments::AngleBracketed(args) if last.ident.to_string().ends_with("Result") => {
            match args.args.iter().nth(index) {
                Some(GenericArgument::Type(half)) => half,
                _ => ty,
            }
        }
        _ => ty,
    }
}
