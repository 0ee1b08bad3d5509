//! The parameters of a method.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericArgument, Ident, Lit, LitStr, Meta, Pat, PathArguments,
    Signature, Type, TypeReference, ext::IdentExt, spanned::Spanned, visit_mut::VisitMut,
};

use crate::{docs, errors::Errors};

/// A parameter besides `self`.
pub(super) enum Param {
    /// `&Ctx`
    Ctx,
    /// The `&str` of a completion.
    Partial,
    /// Anything that is owned: an argument, or taken from the call.
    Input(Box<InputParam>),
}

pub(super) struct InputParam {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) doc: String,
    pub(super) ty: Type,
    /// The `T` of an `Option<T>`.
    pub(super) inner: Option<Type>,
    pub(super) default: Option<Fallback>,
    /// `#[header = ".."]`
    pub(super) header: Option<LitStr>,
    /// `#[args]`
    pub(super) whole: bool,
    /// It cannot be an argument, so it must be taken from the call.
    pub(super) extracted: bool,
}

pub(super) enum Fallback {
    OfType(Span),
    Value(TokenStream),
}

/// Reads the parameters and removes our attributes from them. `kind` is "tool", "resource", ...
pub(super) fn parse(kind: &str, sig: &mut Signature, errors: &mut Errors) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    for arg in &mut sig.inputs {
        let FnArg::Typed(arg) = arg else { continue };
        let notes = Notes::take(&mut arg.attrs, errors);
        let param = match ungrouped(&arg.ty) {
            Type::Reference(reference) => borrowed(kind, reference, &params, errors),
            ty => owned(kind, &arg.pat, ty, notes, errors),
        };
        let Some(param) = param else { continue };
        if let Param::Input(new) = &param
            && params
                .iter()
                .any(|param| matches!(param, Param::Input(old) if old.name == new.name && !new.extracted))
        {
            errors.at(new.span, format!("argument `{}` is used twice", new.name));
        }
        if let Param::Input(new) = &param {
            check_header(kind, new, &params, errors);
        }
        params.push(param);
    }
    params
}

/// The header of an argument: only tools have them, and each but one of a name, in any case.
fn check_header(kind: &str, param: &InputParam, before: &[Param], errors: &mut Errors) {
    let Some(header) = &param.header else { return };
    let name = header.value();
    if kind != "tool" {
        errors.at(
            header.span(),
            "only arguments of tools are mirrored into HTTP headers",
        );
    } else if param.whole {
        errors.at(
            header.span(),
            "`#[header]` is for one argument, not for all of them",
        );
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(legal) {
        let message = format!("`{name}` is not a header name; it looks like `Region`");
        errors.at(header.span(), message);
    }
    let same = |other: &Param| {
        matches!(other, Param::Input(other) if other.header.as_ref()
            .is_some_and(|other| other.value().eq_ignore_ascii_case(&name)))
    };
    if before.iter().any(same) {
        errors.at(header.span(), format!("header `{name}` is used twice"));
    }
}

fn owned(kind: &str, pat: &Pat, ty: &Type, notes: Notes, errors: &mut Errors) -> Option<Param> {
    let (name, span, extracted) = match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
            (pat.ident.unraw().to_string(), pat.ident.span(), false)
        }
        // `Extension(user): Extension<User>`: nothing that is named so can be an argument.
        Pat::TupleStruct(pat) => (String::new(), pat.span(), true),
        _ => {
            let article = article(kind);
            let message = format!(
                "{article} parameter is a plain name: it becomes a property of the input schema"
            );
            errors.on(pat, message);
            return None;
        }
    };
    if let Type::ImplTrait(ty) = ty {
        errors.on(
            ty,
            format!(
                "{} cannot be generic: its schema must be known at compile time",
                article(kind)
            ),
        );
        return None;
    }
    if borrows(ty) {
        errors.on(
            ty,
            format!("{} parameter is owned: it cannot borrow", article(kind)),
        );
        return None;
    }
    let inner = option_of(ty).cloned();
    if let (Some(_), Some(span)) = (&inner, notes.default_span) {
        errors.at(
            span,
            "an `Option` is optional already; drop the default or the `Option`",
        );
    }
    Some(Param::Input(Box::new(InputParam {
        name: notes.name.unwrap_or(name),
        span,
        doc: notes.doc,
        ty: ty.clone(),
        inner,
        default: notes.default,
        header: notes.header,
        whole: notes.whole,
        extracted,
    })))
}

/// Only two things are borrowed: the context, and what a completion completes.
fn borrowed(
    kind: &str,
    ty: &TypeReference,
    before: &[Param],
    errors: &mut Errors,
) -> Option<Param> {
    let name = match ungrouped(&ty.elem) {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string()),
        _ => None,
    };
    let name = name.as_deref();
    if let Some(mutability) = &ty.mutability {
        errors.at(
            mutability.span(),
            format!("{} parameter is owned, or `&Ctx`", article(kind)),
        );
        return None;
    }
    if name == Some("Ctx") {
        return Some(Param::Ctx);
    }
    let first = !before.iter().any(|param| matches!(param, Param::Partial));
    if kind == "completion" && name == Some("str") && first {
        return Some(Param::Partial);
    }
    let elem = ty.elem.to_token_stream().to_string().replace(' ', "");
    let instead = match (&*ty.elem, name) {
        (_, Some("str")) => "String".to_owned(),
        (Type::Slice(slice), _) => format!("Vec<{}>", slice.elem.to_token_stream()),
        (Type::Path(_), _) => elem.clone(),
        _ => "an owned type".to_owned(),
    };
    errors.on(
        ty,
        format!(
            "{} parameter is owned: use `{instead}` rather than `&{elem}`",
            article(kind)
        ),
    );
    None
}

/// What our attributes on a parameter say.
#[derive(Default)]
struct Notes {
    doc: String,
    name: Option<String>,
    default: Option<Fallback>,
    default_span: Option<Span>,
    header: Option<LitStr>,
    whole: bool,
}

impl Notes {
    fn take(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut notes = Self {
            doc: docs::literal_text(attrs),
            ..Self::default()
        };
        attrs.retain(|attr| {
            let path = attr.path();
            if path.is_ident("default") {
                notes.default_span = Some(path.span());
                notes.default = errors.ok(default_of(attr));
            } else if path.is_ident("name") {
                notes.name = errors.ok(name_of(attr));
            } else if path.is_ident("header") {
                notes.header = errors.ok(text_of(attr, "write `#[header = \"Region\"]`"));
            } else if path.is_ident("args") {
                notes.whole = errors.ok(attr.meta.require_path_only()).is_some();
            } else if path.is_ident("cfg") {
                errors.on(
                    attr,
                    "a parameter cannot be conditional; put `#[cfg]` on the method",
                );
            } else {
                // rustc takes no documentation on parameters; other attributes are its business.
                return !path.is_ident("doc");
            }
            false
        });
        notes
    }
}

fn default_of(attr: &Attribute) -> syn::Result<Fallback> {
    let value: Expr = match &attr.meta {
        Meta::Path(path) => return Ok(Fallback::OfType(path.span())),
        Meta::List(list) => list.parse_args()?,
        Meta::NameValue(pair) => pair.value.clone(),
    };
    // So that `#[default = "all"]` fits a `String`.
    let mut bare = &value;
    while let Expr::Group(group) = bare {
        bare = &group.expr;
    }
    let text = matches!(
        bare,
        Expr::Lit(ExprLit {
            lit: Lit::Str(_),
            ..
        })
    );
    Ok(Fallback::Value(if text {
        quote!(::core::convert::Into::into(#value))
    } else {
        value.into_token_stream()
    }))
}

fn name_of(attr: &Attribute) -> syn::Result<String> {
    let name = text_of(attr, "write `#[name = \"wireName\"]`")?;
    match name.value() {
        name if !name.is_empty() => Ok(name),
        _ => Err(syn::Error::new(name.span(), "an argument needs a name")),
    }
}

/// The string of `#[key = ".."]`.
fn text_of(attr: &Attribute, usage: &str) -> syn::Result<LitStr> {
    let pair = attr
        .meta
        .require_name_value()
        .map_err(|_| syn::Error::new_spanned(attr.path(), usage))?;
    syn::parse2(pair.value.to_token_stream())
        .map_err(|_| syn::Error::new_spanned(&pair.value, usage))
}

/// The type itself: a `$ty` of a `macro_rules!` comes in an invisible group.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        ty => ty,
    }
}

/// The `T` of an `Option<T>`, by name: macros see no types.
fn option_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ungrouped(ty) else {
        return None;
    };
    let last = path.path.segments.last()?;
    match &last.arguments {
        PathArguments::AngleBracketed(args) if last.ident == "Option" && args.args.len() == 1 => {
            match &args.args[0] {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a type contains a reference or a lifetime other than `'static`.
pub(super) fn borrows(ty: &Type) -> bool {
    struct Borrows(bool);
    impl VisitMut for Borrows {
        fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
            self.0 |= lifetime.ident != "static";
        }

        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            self.0 |= reference.lifetime.is_none();
            syn::visit_mut::visit_type_reference_mut(self, reference);
        }

        // `fn(&T)` and `dyn Fn(&T)` bind lifetimes of their own.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(
            &mut self,
            _: &mut syn::ParenthesizedGenericArguments,
        ) {
        }
    }
    let mut borrows = Borrows(false);
    borrows.visit_type_mut(&mut ty.clone());
    borrows.0
}

/// "a tool", "an ..": the kinds all start with a consonant.
pub(super) fn article(kind: &str) -> String {
    format!("a {kind}")
}

/// The idents of parameters, for messages.
pub(super) fn names(params: &[Param]) -> impl Iterator<Item = &str> + Clone {
    params.iter().filter_map(|param| match param {
        Param::Input(input) if !input.extracted => Some(input.name.as_str()),
        Param::Input(_) | Param::Ctx | Param::Partial => None,
    })
}

/// Types that are arguments, whatever else: only used to say which arguments a template lacks. Other types are for rustc.
pub(super) fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 21] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize", "String", "Vec", "PathBuf", "HashMap", "BTreeMap",
    ];
    let Type::Path(path) = ungrouped(ty) else {
        return true;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| PLAIN.iter().any(|plain| last.ident == plain))
}

/// A fresh identifier for the parameter of that index, which user code cannot see.
pub(super) fn local(prefix: &str, index: usize, at: Span) -> Ident {
    Ident::new(
        &format!("{prefix}{index}"),
        Span::mixed_site().located_at(at),
    )
}
