//! A method with one of our attributes on it: its signature, checked.

use proc_macro2::{Span, TokenStream};
use syn::{
    Attribute, FnArg, GenericParam, Ident, Meta, Receiver, ReceiverKind, ReturnType, Safety,
    Signature, Type, TypeParamBound, spanned::Spanned,
};

use super::{
    params::{self, Param, article},
    parse,
};
use crate::errors::Errors;

/// What the attributes are called.
const KINDS: [&str; 4] = ["tool", "resource", "prompt", "complete"];

/// A method that serves calls.
pub(super) struct Method {
    pub(super) cfgs: Vec<Attribute>,
    /// The lints that it allows.
    pub(super) allows: Vec<Attribute>,
    pub(super) ident: Ident,
    pub(super) receiver: SelfKind,
    pub(super) is_async: bool,
    pub(super) params: Vec<Param>,
    /// `None`: nothing is returned.
    pub(super) output: Option<Type>,
}

/// How the method takes `self`.
#[derive(Clone, Copy)]
pub(super) enum SelfKind {
    /// `&self`, `self: &Arc<Self>`
    Borrowed,
    /// `self: Arc<Self>`
    Shared,
}

/// Our attribute on a method.
pub(super) struct Marker {
    /// "tool", "resource", "prompt" or "completion"
    pub(super) kind: &'static str,
    /// Where it stands.
    pub(super) span: Span,
    /// What is in its parentheses.
    pub(super) tokens: TokenStream,
}

/// Takes our attribute off a method.
pub(super) fn take_marker(method: &mut parse::Method, errors: &mut Errors) -> Option<Marker> {
    let mut marker: Option<Marker> = None;
    method.attrs.retain(|attr| {
        let Some(last) = attr.path().segments.last() else {
            return true;
        };
        let Some(kind) = KINDS.into_iter().find(|kind| last.ident == kind) else {
            return true;
        };
        if attr.path().segments.len() > 1 {
            let first = &attr.path().segments[0].ident;
            if first != "mcp_compose" {
                return true;
            }
            errors.on(
                attr.path(),
                format!("`#[mcp_compose::{kind}]` is written `#[{kind}]` inside `#[mcp_server]`"),
            );
        }
        if let Some(first) = &marker {
            let message = format!(
                "`{}` is {} already: a method is one thing",
                method.sig.ident,
                article(first.kind)
            );
            errors.at(last.ident.span(), message);
            return false;
        }
        let tokens = match &attr.meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(pair) => {
                errors.at(pair.eq_token.span(), format!("write `#[{kind}(..)]`"));
                TokenStream::new()
            }
        };
        let kind = if kind == "complete" {
            "completion"
        } else {
            kind
        };
        marker = Some(Marker {
            kind,
            span: attr.path().span(),
            tokens,
        });
        false
    });
    marker
}

/// Takes our attributes off what is no method; whether there were any.
pub(super) fn refuse_markers(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> bool {
    let before = attrs.len();
    attrs.retain(|attr| {
        let kind = KINDS.into_iter().find(|kind| attr.path().is_ident(kind));
        if let Some(kind) = kind {
            errors.on(attr.path(), format!("`#[{kind}]` goes on a method"));
        }
        kind.is_none()
    });
    attrs.len() < before
}

impl Method {
    /// Checks the signature. Our attributes on its parameters are removed in any case.
    pub(super) fn new(kind: &str, method: &mut parse::Method, errors: &mut Errors) -> Option<Self> {
        let params = params::parse(kind, &mut method.sig, errors);
        let sig = &method.sig;
        for param in &sig.generics.params {
            let span = match param {
                GenericParam::Lifetime(_) => continue,
                GenericParam::Type(param) => param.ident.span(),
                GenericParam::Const(param) => param.ident.span(),
            };
            errors.at(span, params::generic(kind));
        }
        if let Safety::Unsafe(token) = &sig.safety {
            errors.at(
                token.span(),
                format!("{} is a safe function: clients call it", article(kind)),
            );
        }
        let output = output(kind, sig, errors);
        let receiver = receiver(kind, sig, errors)?;
        let copied = |name: &str| -> Vec<Attribute> {
            let named = method.attrs.iter().filter(|a| a.path().is_ident(name));
            named.cloned().collect()
        };
        Some(Self {
            cfgs: copied("cfg"),
            allows: copied("allow"),
            ident: sig.ident.clone(),
            receiver,
            is_async: sig.asyncness.is_some(),
            params,
            output,
        })
    }

    /// A hidden function of that method.
    pub(super) fn hidden(&self, suffix: &str) -> Ident {
        let name = syn::ext::IdentExt::unraw(&self.ident);
        Ident::new(
            &format!("__mcp_{name}_{suffix}"),
            Span::mixed_site().located_at(self.ident.span()),
        )
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = &params::InputParam> {
        self.params.iter().filter_map(|param| match param {
            Param::Input(input) => Some(&**input),
            Param::Ctx | Param::Partial => None,
        })
    }
}

fn receiver(kind: &str, sig: &Signature, errors: &mut Errors) -> Option<SelfKind> {
    let shared = format!(
        "{} takes `&self`: calls run concurrently; keep mutable state behind a lock or an atomic",
        article(kind)
    );
    let Some(FnArg::Receiver(Receiver {
        mutability,
        self_token,
        kind: receiver,
        ..
    })) = sig.inputs.first()
    else {
        errors.at(
            sig.ident.span(),
            format!("{} takes `&self` first", article(kind)),
        );
        return None;
    };
    let wrong = match receiver {
        ReceiverKind::Reference(_, _, None) => return Some(SelfKind::Borrowed),
        ReceiverKind::Reference(_, _, Some(mutability)) => mutability.span(),
        ReceiverKind::Value => mutability.map_or(self_token.span(), |token| token.span()),
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference) if reference.mutability.is_none() => {
                return Some(SelfKind::Borrowed);
            }
            Type::Path(path)
                if path
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "Arc") =>
            {
                return Some(SelfKind::Shared);
            }
            other => other.span(),
        },
        _ => self_token.span(),
    };
    errors.at(wrong, shared);
    None
}

fn output(kind: &str, sig: &Signature, errors: &mut Errors) -> Option<Type> {
    let ReturnType::Type(_, ty) = &sig.output else {
        return None;
    };
    if is_future(ty) {
        errors.on(ty, format!("{} that waits is an `async fn`", article(kind)));
    } else if let Type::ImplTrait(found) = &**ty {
        let message = "returns a named type: its schema must be known at compile time";
        errors.on(found, format!("{} {message}", article(kind)));
    } else if let Some(borrow) = params::borrow(ty) {
        let instead = params::instead(&borrow);
        errors.on(
            &borrow,
            format!("{} returns an owned value: {instead}", article(kind)),
        );
    } else {
        return Some((**ty).clone());
    }
    None
}

/// Whether a type is a future that is not awaited here, as far as names tell.
fn is_future(ty: &Type) -> bool {
    let last = |path: &syn::Path| path.segments.last().map(|last| last.ident.to_string());
    let is_bound = |bound: &TypeParamBound| matches!(bound, TypeParamBound::Trait(bound) if last(&bound.path).as_deref() == Some("Future"));
    match ty {
        Type::ImplTrait(ty) => ty.bounds.iter().any(is_bound),
        Type::Path(path) => matches!(
            last(&path.path).as_deref(),
            Some("BoxFuture" | "LocalBoxFuture" | "Pin")
        ),
        _ => false,
    }
}
