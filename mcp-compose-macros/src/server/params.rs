//! The parameters of a method.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericArgument, Ident, Lifetime, Lit, LitStr, Meta, Pat,
    PathArguments, Signature, Type, TypeReference, ext::IdentExt, spanned::Spanned,
    visit_mut::VisitMut,
};

use crate::{docs, errors::Errors, names::did_you_mean};

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
    pub(super) whole: Option<Ident>,
    /// It has no name, so it must be taken from the call.
    pub(super) extracted: bool,
}

pub(super) enum Fallback {
    OfType(Span),
    Value(TokenStream),
    /// A string literal, which fits more than `&str`.
    Text(TokenStream),
}

/// Reads the parameters and removes our attributes from them. `kind` is "tool", "resource", ...
pub(super) fn parse(kind: &str, sig: &mut Signature, errors: &mut Errors) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    for arg in &mut sig.inputs {
        let FnArg::Typed(arg) = arg else { continue };
        let notes = Notes::take(&mut arg.attrs, errors);
        let param = match ungrouped(&arg.ty) {
            Type::Reference(reference) => {
                let param = borrowed(kind, reference, &params, errors);
                if let (Some(_), Some(note)) = (&param, &notes.first) {
                    errors.at(
                        note.span(),
                        format!("`#[{note}]` is for arguments: this one is taken from the call"),
                    );
                }
                param
            }
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
            check_whole(kind, new, &params, errors);
        }
        params.push(param);
    }
    params
}

/// `#[args]` is all arguments: it stands alone, and only where arguments are not named elsewhere.
fn check_whole(kind: &str, param: &InputParam, before: &[Param], errors: &mut Errors) {
    if let Some(args) = &param.whole
        && matches!(kind, "resource" | "completion")
    {
        let message = format!(
            "`#[args]` is for tools and prompts: {} names what it takes",
            article(kind)
        );
        errors.at(args.span(), message);
        return;
    }
    for other in before {
        let Param::Input(other) = other else { continue };
        let (whole, beside) = match (&other.whole, &param.whole) {
            (Some(_), Some(args)) => {
                let message = "`#[args]` takes all arguments: there is one of it";
                errors.at(args.span(), message);
                return;
            }
            (Some(_), None) => (other.as_ref(), param),
            (None, Some(_)) => (param, other.as_ref()),
            (None, None) => continue,
        };
        if beside.is_argument() {
            let (whole, name) = (&whole.name, &beside.name);
            let message =
                format!("`#[args] {whole}` takes all arguments: make `{name}` a field of it");
            errors.at(beside.span, message);
        }
    }
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
    } else if param.whole.is_some() {
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
            let becomes = if kind == "tool" {
                "it becomes a property of the input schema"
            } else {
                "clients give its value under that name"
            };
            let article = article(kind);
            errors.on(
                pat,
                format!("{article} parameter is a plain name: {becomes}"),
            );
            return None;
        }
    };
    if let Type::ImplTrait(ty) = ty {
        errors.on(ty, generic(kind));
        return None;
    }
    if let Some(borrow) = borrow(ty) {
        errors.on(
            &borrow,
            format!("{} parameter is owned: {}", article(kind), instead(&borrow)),
        );
        return None;
    }
    let inner = option_of(ty).cloned();
    if let (Some(_), Some(span)) = (&inner, notes.default_span) {
        errors.at(
            span,
            "an `Option` is optional already; drop the default or the `Option`",
        );
    } else if let (Some(_), Some(span)) = (&notes.whole, notes.default_span) {
        errors.at(
            span,
            "`#[args]` is an object, each field with a default of its own: use `#[serde(default)]` there",
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
    match (&ty.mutability, name) {
        (None, Some("Ctx")) => return Some(Param::Ctx),
        (Some(mutability), Some("Ctx")) => {
            errors.at(mutability.span(), "a context is shared: use `&Ctx`");
            return None;
        }
        _ => {}
    }
    if kind == "completion" {
        let first = !before.iter().any(|param| matches!(param, Param::Partial));
        if first && name == Some("str") && ty.mutability.is_none() {
            return Some(Param::Partial);
        }
        errors.on(ty, PARTIAL);
        return None;
    }
    let instead = instead(&Borrow::Reference(ty.clone()));
    errors.on(
        ty,
        format!("{} parameter is owned: {instead}", article(kind)),
    );
    None
}

/// What a completion takes.
pub(super) const PARTIAL: &str =
    "a completion takes what was typed so far, once, as `partial: &str`";

/// What to write rather than something that borrows.
pub(super) fn instead(borrow: &Borrow) -> String {
    let reference = match borrow {
        Borrow::Lifetime(lifetime) => return format!("it cannot borrow for `{lifetime}`"),
        Borrow::Reference(reference) => reference,
    };
    let text = |tokens: &dyn ToTokens| tokens.to_token_stream().to_string().replace(' ', "");
    let elem = text(&reference.elem);
    let owned = match &*reference.elem {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Path(path) if path.path.is_ident("Path") => "PathBuf".to_owned(),
        Type::Path(_) => elem.clone(),
        Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
        _ => "an owned type".to_owned(),
    };
    let mutable = if reference.mutability.is_some() {
        "mut "
    } else {
        ""
    };
    format!("use `{owned}` rather than `&{mutable}{elem}`")
        .replace("`an owned type`", "an owned type")
}

/// "a tool cannot be generic", and why.
pub(super) fn generic(kind: &str) -> String {
    let what = if kind == "tool" {
        "schema"
    } else {
        "arguments"
    };
    let verb = "must be known at compile time";
    format!("{} cannot be generic: its {what} {verb}", article(kind))
}

/// What our attributes on a parameter say.
#[derive(Default)]
struct Notes {
    doc: String,
    name: Option<String>,
    default: Option<Fallback>,
    default_span: Option<Span>,
    header: Option<LitStr>,
    whole: Option<Ident>,
    /// The first attribute that is for arguments only.
    first: Option<Ident>,
}

/// Our attributes on parameters.
pub(crate) const NOTES: [&str; 4] = ["default", "name", "args", "header"];

impl Notes {
    fn take(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut notes = Self {
            doc: docs::literal_text(attrs),
            ..Self::default()
        };
        let mut seen: Vec<Ident> = Vec::new();
        attrs.retain(|attr| {
            let path = attr.path();
            if path.is_ident("cfg") {
                errors.on(
                    attr,
                    "a parameter cannot be conditional; put `#[cfg]` on the method",
                );
                return false;
            }
            let Some(ident) = path.get_ident() else {
                return true;
            };
            if !NOTES.iter().any(|note| ident == note) {
                let near = did_you_mean(&ident.to_string(), NOTES);
                if !near.is_empty() {
                    errors.at(ident.span(), format!("unknown attribute `{ident}`{near}"));
                }
                // rustc takes no documentation on parameters; other attributes are its business.
                return near.is_empty() && ident != "doc";
            }
            if seen.contains(ident) {
                errors.at(ident.span(), format!("`#[{ident}]` is given twice"));
                return false;
            }
            seen.push(ident.clone());
            if ident == "default" {
                notes.default_span = Some(ident.span());
                notes.default = errors.ok(default_of(attr));
            } else if ident == "name" {
                notes.name = errors.ok(name_of(attr));
            } else if ident == "header" {
                notes.header = errors.ok(text_of(attr, "write `#[header = \"Region\"]`"));
            } else {
                if attr.meta.require_path_only().is_err() {
                    errors.at(
                        ident.span(),
                        "`#[args]` takes no value: the argument's type has the fields",
                    );
                }
                notes.whole = Some(ident.clone());
            }
            false
        });
        notes.first = seen.into_iter().next();
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
    Ok(if text {
        Fallback::Text(value.into_token_stream())
    } else {
        Fallback::Value(value.into_token_stream())
    })
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

/// Something in a type that borrows.
#[derive(Clone)]
pub(super) enum Borrow {
    Reference(TypeReference),
    Lifetime(Lifetime),
}

impl ToTokens for Borrow {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Reference(reference) => reference.to_tokens(tokens),
            Self::Lifetime(lifetime) => lifetime.to_tokens(tokens),
        }
    }
}

/// The first reference or lifetime in a type other than a `'static` one.
pub(super) fn borrow(ty: &Type) -> Option<Borrow> {
    #[derive(Default)]
    struct Search(Option<Borrow>);
    impl VisitMut for Search {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident != "static" {
                self.0.get_or_insert(Borrow::Lifetime(lifetime.clone()));
            }
        }

        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            let is_static = |lifetime: &Lifetime| lifetime.ident == "static";
            if !reference.lifetime.as_ref().is_some_and(is_static) {
                self.0.get_or_insert(Borrow::Reference(reference.clone()));
            }
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
    let mut search = Search::default();
    search.visit_type_mut(&mut ty.clone());
    search.0
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

impl InputParam {
    /// Whether it is surely not taken from the call; an `Option` is what is in it.
    pub(super) fn is_argument(&self) -> bool {
        is_argument(self.inner.as_ref().unwrap_or(&self.ty))
    }
}

/// Types that are surely not taken from the call, by name. Of others rustc finds out; it knows no names of parameters, which
/// makes the better message.
fn is_argument(ty: &Type) -> bool {
    const KNOWN: [&str; 24] = [
        "String", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "isize", "f32", "f64", "Vec", "Option", "HashMap", "BTreeMap", "HashSet",
        "BTreeSet", "PathBuf",
    ];
    let Type::Path(path) = ungrouped(ty) else {
        return true;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| KNOWN.iter().any(|known| last.ident == known))
}

/// A fresh identifier for the parameter of that index, which user code cannot see.
pub(super) fn local(prefix: &str, index: usize, at: Span) -> Ident {
    Ident::new(
        &format!("{prefix}{index}"),
        Span::mixed_site().located_at(at),
    )
}
