//! What `#[mcp_server]` is asked to make: only checked data.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Expr, ExprArray, ExprLit, Generics, Ident, Lit, LitStr, Path, Type, ext::IdentExt,
    spanned::Spanned,
};

use super::{
    complete,
    method::{Marker, Method, refuse_markers, take_marker},
    params::names,
    parse::{Block, Item},
    parts::Place,
    template,
};
use crate::{
    attr::Keys,
    docs,
    errors::Errors,
    names::{Rule, listed, problem},
};

/// A typed server.
pub(super) struct Model {
    pub(super) krate: Path,
    pub(super) place: Place,
    pub(super) generics: Generics,
    pub(super) self_ty: Type,
    /// The lints that the whole block allows.
    pub(super) allows: Vec<Attribute>,
    pub(super) name: TokenStream,
    pub(super) version: TokenStream,
    /// Calls on `Describe`: the method and its argument.
    pub(super) info: Vec<(Ident, TokenStream)>,
    pub(super) entries: Vec<Entry>,
    /// Two methods have one name, which rustc reports.
    pub(super) ambiguous: bool,
}

/// A tool, resource, prompt or completion.
pub(super) struct Entry {
    pub(super) method: Method,
    pub(super) role: Role,
}

pub(super) enum Role {
    Tool {
        name: String,
        settings: Vec<TokenStream>,
        /// It runs where it may block.
        blocking: bool,
        /// It says what it changes, if anything.
        hinted: bool,
    },
    Resource {
        key: String,
        uri: String,
        variables: Vec<String>,
        name: String,
        settings: Vec<TokenStream>,
    },
    Prompt {
        name: String,
        settings: Vec<TokenStream>,
    },
    Complete {
        key: String,
        targets: Vec<complete::Target>,
    },
}

impl Model {
    pub(super) fn new(attribute: TokenStream, block: &mut Block, errors: &mut Errors) -> Self {
        let mut keys = Keys::parse("#[mcp_server]", false, attribute, errors);
        let krate = keys
            .value("crate", errors)
            .and_then(|path| crate_path(path, errors));
        let krate = krate.unwrap_or_else(|| syn::parse_quote!(::mcp_compose));
        let place = Place::parse(&mut keys, errors);
        let mut info = Vec::new();
        let instructions = keys
            .text("instructions", errors)
            .map(|value| value.into_token_stream());
        if let Some(text) = instructions.or_else(|| docs::text(&block.attrs)) {
            info.push((Ident::new("instructions", Span::mixed_site()), text));
        }
        let title = keys.text("title", errors);
        let website = keys.text("website", errors);
        let icons = keys.value("icons", errors);
        for (key, value) in [("title", title), ("website", website), ("icons", icons)] {
            if let Some(value) = value {
                info.push((
                    Ident::new(key, Span::mixed_site()),
                    value.into_token_stream(),
                ));
            }
        }
        let package = |value: Option<Expr>, variable: &str| match value {
            Some(value) => value.into_token_stream(),
            None => quote!(::core::env!(#variable)),
        };
        let mut model = Self {
            krate,
            place,
            generics: block.generics.clone(),
            self_ty: block.self_ty.clone(),
            allows: block
                .attrs
                .iter()
                .filter(|attr| attr.path().is_ident("allow"))
                .cloned()
                .collect(),
            name: package(keys.text("name", errors), "CARGO_PKG_NAME"),
            version: package(keys.text("version", errors), "CARGO_PKG_VERSION"),
            info,
            entries: Vec::new(),
            ambiguous: false,
        };
        check_block(block, errors);
        let rule = naming(&mut keys, errors);
        let mut marked = false;
        let mut used = Used::default();
        for item in &mut block.items {
            let method = match item {
                Item::Method(method) => method,
                Item::Other(attrs, _) => {
                    marked |= refuse_markers(attrs, errors);
                    continue;
                }
                Item::Broken(attrs, _) => {
                    marked |= refuse_markers(attrs, &mut Errors::default());
                    continue;
                }
            };
            let Some(marker) = take_marker(method, errors) else {
                continue;
            };
            marked = true;
            method.attrs.push(unfit_lints());
            let description = docs::text(&method.attrs);
            let Some(method) = Method::new(marker.kind, method, errors) else {
                continue;
            };
            model
                .entries
                .extend(entry(marker, method, description, rule, &mut used, errors));
        }
        let has_parts = matches!(&model.place, Place::Main(parts) if !parts.is_empty());
        if !marked && !has_parts {
            let message = "no `#[tool]`, `#[resource]` or `#[prompt]` here; a macro inside the block is expanded later \
                           and cannot be seen";
            errors.on(&block.self_ty, message);
        }
        model.ambiguous = model.entries.iter().enumerate().any(|(index, later)| {
            model.entries[..index].iter().any(|earlier| {
                let (later, earlier) = (&later.method, &earlier.method);
                later.ident == earlier.ident && (later.cfgs.is_empty() || earlier.cfgs.is_empty())
            })
        });
        complete::find_targets(&mut model.entries, errors);
        model
    }
}

/// Lints that do not fit a method that clients call: what they advise the macro refuses, or the model would read.
fn unfit_lints() -> Attribute {
    syn::parse_quote!(
        #[allow(
            clippy::fn_params_excessive_bools,
            clippy::missing_errors_doc,
            clippy::must_use_candidate,
            clippy::needless_pass_by_value,
            clippy::too_many_arguments,
            clippy::unused_async,
            clippy::unused_self
        )]
    )
}

/// What is wrong with the block itself.
fn check_block(block: &mut Block, errors: &mut Errors) {
    for lifetime in block.generics.lifetimes() {
        let name = &lifetime.lifetime;
        let message = format!("a server owns its state: it cannot borrow for `{name}`");
        errors.on(name, message);
    }
    block.attrs.retain(|attr| {
        let again = attr.path().segments.last();
        let again = again.is_some_and(|last| last.ident == "mcp_server");
        if again {
            let message = "`#[mcp_server]` is there already: put all keys into one";
            errors.on(attr.path(), message);
        }
        !again
    });
}

/// `names = spec`
fn naming(keys: &mut Keys, errors: &mut Errors) -> Rule {
    match keys.value("names", errors) {
        Some(Expr::Path(path)) if path.path.is_ident("spec") => Rule::Spec,
        Some(other) => {
            let message = "write `names = spec` for all names of the specification: up to 128 characters, also `.`";
            errors.on(other, message);
            Rule::Spec
        }
        None => Rule::Portable,
    }
}

/// The names of one kind, to find those used twice.
#[derive(Default)]
struct Used(Vec<(&'static str, String, Span, bool)>);

impl Used {
    fn add(
        &mut self,
        kind: &'static str,
        name: &str,
        span: Span,
        conditional: bool,
        errors: &mut Errors,
    ) {
        let before = self
            .0
            .iter()
            .find(|(of, known, ..)| *of == kind && known == name);
        if let Some((_, _, first, first_conditional)) = before {
            // Two methods under opposite `#[cfg]`s may share a name; rustc reports it if they do not exclude each other.
            if !(conditional && *first_conditional) {
                errors.at(span, format!("{kind} `{name}` is used twice"));
                errors.at(*first, format!("`{name}` is first used here"));
            }
        }
        self.0.push((kind, name.to_owned(), span, conditional));
    }
}

fn entry(
    marker: Marker,
    method: Method,
    description: Option<TokenStream>,
    rule: Rule,
    used: &mut Used,
    errors: &mut Errors,
) -> Option<Entry> {
    let conditional = !method.cfgs.is_empty();
    let own_name = method.ident.unraw().to_string();
    let role = match marker.kind {
        "completion" => {
            complete::check(&method, errors);
            Role::Complete {
                key: own_name,
                targets: complete::targets(marker, errors),
            }
        }
        "resource" => {
            let mut keys = Keys::parse("#[resource]", true, marker.tokens, errors);
            let name = keys
                .string("name", errors)
                .map_or(own_name.clone(), |name| name.value());
            let mut settings = shared(&mut keys, description, errors);
            resource_settings(&mut keys, &mut settings, errors);
            let Some(uri) = keys.literal else {
                if !keys.literal_refused {
                    errors.at(
                        marker.span,
                        "a resource needs its URI first: `#[resource(\"app://settings\")]`",
                    );
                }
                return None;
            };
            let variables = check_template(&uri, &method, errors);
            used.add(
                "resource URI",
                &uri.value(),
                uri.span(),
                conditional,
                errors,
            );
            Role::Resource {
                key: own_name,
                variables,
                uri: uri.value(),
                name,
                settings,
            }
        }
        kind => {
            let tool = kind == "tool";
            let mut keys = Keys::parse(
                if tool { "#[tool]" } else { "#[prompt]" },
                false,
                marker.tokens,
                errors,
            );
            let name = keys.string("name", errors);
            let span = name.as_ref().map_or(method.ident.span(), LitStr::span);
            let name = name.map_or(own_name, |name| name.value());
            if let Some(problem) = problem(kind, &name, rule) {
                errors.at(span, problem);
            }
            used.add(
                if tool { "tool name" } else { "prompt name" },
                &name,
                span,
                conditional,
                errors,
            );
            let described = description.is_some();
            let mut settings = shared(&mut keys, description, errors);
            if tool {
                let described = described
                    || settings
                        .iter()
                        .any(|setting| setting.to_string().starts_with("description"));
                if !described {
                    let message =
                        "has no description: add a doc comment, clients show it to the model";
                    errors.at(method.ident.span(), format!("tool `{name}` {message}"));
                }
                let blocking = blocking(&mut keys, &method, errors);
                let hinted = tool_settings(&mut keys, &mut settings, errors);
                Role::Tool {
                    name,
                    settings,
                    blocking,
                    hinted,
                }
            } else {
                Role::Prompt { name, settings }
            }
        }
    };
    Some(Entry { method, role })
}

/// The keys that all kinds have, as calls on the entry.
fn shared(
    keys: &mut Keys,
    description: Option<TokenStream>,
    errors: &mut Errors,
) -> Vec<TokenStream> {
    let mut settings = Vec::new();
    let given = keys
        .text("description", errors)
        .map(|value| value.into_token_stream());
    if let Some(text) = given.or(description) {
        settings.push(quote!(description(#text)));
    }
    let (title, meta) = (keys.text("title", errors), keys.value("meta", errors));
    let icons = keys.value("icons", errors);
    for (key, value) in [("title", title), ("meta", meta), ("icons", icons)] {
        if let Some(value) = value {
            let key = Ident::new(key, Span::mixed_site());
            settings.push(quote!(#key(#value)));
        }
    }
    settings
}

/// `blocking`
fn blocking(keys: &mut Keys, method: &Method, errors: &mut Errors) -> bool {
    let Some(span) = keys.bare("blocking", errors) else {
        return false;
    };
    if method.is_async {
        let message =
            "`blocking` is for methods that are not `async`: it gives them a thread to block";
        errors.at(span, message);
    }
    true
}

/// Whether the tool says what it changes, or need not.
fn tool_settings(keys: &mut Keys, settings: &mut Vec<TokenStream>, errors: &mut Errors) -> bool {
    let mut hinted = false;
    let hints = [
        ("read_only", "readOnlyHint"),
        ("destructive", "destructiveHint"),
        ("idempotent", "idempotentHint"),
        ("open_world", "openWorldHint"),
    ];
    for (key, hint) in hints {
        if let Some(value) = keys.flag(key, errors) {
            settings.push(quote!(hint(#hint, #value)));
            hinted |= key != "open_world";
        }
    }
    for key in ["input_schema", "timeout"] {
        if let Some(value) = keys.value(key, errors) {
            let key = Ident::new(key, Span::mixed_site());
            settings.push(quote!(#key(#value)));
        }
    }
    if let Some(value) = keys.flag("hidden", errors) {
        settings.push(quote!(hidden(#value)));
        // Nobody reads its hints.
        hinted = true;
    }
    hinted
}

fn resource_settings(keys: &mut Keys, settings: &mut Vec<TokenStream>, errors: &mut Errors) {
    let (mime, size) = (keys.text("mime", errors), keys.value("size", errors));
    if let Some(Expr::Lit(ExprLit { lit, .. })) = &size
        && !matches!(lit, Lit::Int(_))
    {
        errors.on(lit, "`size` is a number of bytes: `size = 1024`");
    }
    let priority = keys
        .value("priority", errors)
        .and_then(|value| priority(value, errors));
    for (key, value) in [("mime", mime), ("size", size), ("priority", priority)] {
        if let Some(value) = value {
            let key = Ident::new(key, Span::mixed_site());
            settings.push(quote!(#key(#value)));
        }
    }
    if let Some(value) = keys.value("audience", errors) {
        let roles: Vec<Expr> = match value {
            Expr::Array(ExprArray { elems, .. }) => elems.into_iter().collect(),
            one => vec![one],
        };
        for role in &roles {
            let text = match role {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => text.value(),
                _ => String::new(),
            };
            if !matches!(text.as_str(), "user" | "assistant") {
                errors.on(role, "an audience is `\"user\"`, `\"assistant\"`, or both: `[\"user\", \"assistant\"]`");
            }
        }
        settings.push(quote!(audience(&[#(#roles),*])));
    }
}

/// A number from 0 to 1; `1` is one too.
fn priority(value: Expr, errors: &mut Errors) -> Option<Expr> {
    let Expr::Lit(ExprLit { lit, .. }) = &value else {
        return Some(value);
    };
    let number: Option<f64> = match lit {
        Lit::Float(number) => number.base10_parse().ok(),
        Lit::Int(number) => number.base10_parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if (0.0..=1.0).contains(&number) => {
            let mut literal = proc_macro2::Literal::f64_suffixed(number);
            literal.set_span(lit.span());
            Some(Expr::Verbatim(literal.into_token_stream()))
        }
        _ => {
            errors.on(
                lit,
                "`priority` is a number from 0 to 1, where 1 is most important",
            );
            None
        }
    }
}

/// Variables and arguments are the same names; the variables.
fn check_template(uri: &LitStr, method: &Method, errors: &mut Errors) -> Vec<String> {
    let variables = match template::variables(&uri.value()) {
        Ok(variables) => variables,
        Err(problem) => {
            errors.at(uri.span(), problem);
            return Vec::new();
        }
    };
    if method.inputs().any(|input| input.whole.is_some()) {
        return variables;
    }
    for variable in &variables {
        if !names(&method.params).any(|name| name == variable) {
            let arguments = listed(names(&method.params));
            let known = if arguments.is_empty() {
                "there are none".to_owned()
            } else {
                format!("arguments: {arguments}")
            };
            errors.at(
                uri.span(),
                format!("`{{{variable}}}` has no argument of that name; {known}"),
            );
        }
    }
    for input in method.inputs().filter(|input| input.is_argument()) {
        if !variables.contains(&input.name) {
            let name = &input.name;
            errors.at(
                input.span,
                format!("argument `{name}` is not in the URI; write `{{{name}}}` where it stands"),
            );
        }
    }
    variables
}

/// `crate = ::path`
pub(crate) fn crate_path(path: Expr, errors: &mut Errors) -> Option<Path> {
    match path {
        Expr::Path(path)
            if path.qself.is_none()
                && (path.path.leading_colon.is_some()
                    || is_crate(&path.path.segments[0].ident)) =>
        {
            Some(path.path)
        }
        other => {
            let written = other.to_token_stream().to_string().replace(' ', "");
            let span = other.span();
            errors.at(
                span,
                format!(
                    "the path of the crate is absolute: `crate = ::{}`",
                    written.trim_start_matches(':')
                ),
            );
            None
        }
    }
}

/// `$crate` comes from a `macro_rules!` around the call.
fn is_crate(first: &Ident) -> bool {
    first == "crate" || first == "$crate"
}
