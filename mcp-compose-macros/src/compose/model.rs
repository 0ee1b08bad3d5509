//! What `compose!` is asked to make, checked as far as names and literals can be.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Path, ext::IdentExt, spanned::Spanned};

use super::{
    parse::{Item, Key},
    values,
};
use crate::{
    errors::Errors,
    names::{did_you_mean, listed, shown},
    server::crate_path,
};

const SETTINGS: [&str; 7] = [
    "name",
    "version",
    "title",
    "instructions",
    "separator",
    "max_name",
    "crate",
];
const DEFAULT_SEPARATOR: &str = "_";
const DEFAULT_MAX_NAME: usize = 64;
const LONGEST_NAMESPACE: usize = 32;

/// A composition.
pub(super) struct Model {
    pub(super) krate: Path,
    /// Calls on the builder, in order.
    pub(super) calls: Vec<Call>,
}

/// A call on the builder.
pub(super) struct Call {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) method: &'static str,
    pub(super) namespace: Option<String>,
    pub(super) value: TokenStream,
    /// Where rustc shall report a value of the wrong type.
    pub(super) span: Span,
}

struct Namespace {
    name: String,
    span: Span,
    conditional: bool,
}

impl Model {
    pub(super) fn new(parsed: Vec<Item>, errors: &mut Errors) -> Self {
        let mut model = Self {
            krate: syn::parse_quote!(::mcp_compose),
            calls: Vec::new(),
        };
        let mut namespaces: Vec<Namespace> = Vec::new();
        let mut settings: Vec<Ident> = Vec::new();
        let mut rules = Rules {
            separator: Some(DEFAULT_SEPARATOR.to_owned()),
            max_name: Some(DEFAULT_MAX_NAME),
        };
        for item in parsed {
            let span = item.value.span();
            let mut call = Call {
                cfgs: item.cfgs,
                method: "child",
                namespace: None,
                value: TokenStream::new(),
                span,
            };
            match item.key {
                Key::Setting(name) => {
                    let Some(setting) = setting(&name, &settings, errors) else {
                        continue;
                    };
                    settings.push(name);
                    if setting == "crate" {
                        model.krate = crate_path(item.value, errors).unwrap_or(model.krate);
                        continue;
                    }
                    rules.learn(setting, &item.value, !call.cfgs.is_empty());
                    call.method = setting;
                    call.value = item.value.into_token_stream();
                }
                Key::Namespace(name, span) => {
                    let conditional = !call.cfgs.is_empty();
                    if let Some(problem) = namespace_problem(&name) {
                        errors.at(span, problem);
                    }
                    call.value = values::child(item.value, errors);
                    call.namespace = Some(name.clone());
                    namespaces.push(Namespace {
                        name,
                        span,
                        conditional,
                    });
                }
                Key::Unprefixed => {
                    call.method = "local";
                    call.value = values::child(item.value, errors);
                }
                Key::Spread => {
                    call.method = "spread";
                    call.value = item.value.into_token_stream();
                }
            }
            model.calls.push(call);
        }
        check_together(&namespaces, &rules, errors);
        model
    }
}

fn setting(name: &Ident, before: &[Ident], errors: &mut Errors) -> Option<&'static str> {
    let text = name.unraw().to_string();
    let Some(known) = SETTINGS.into_iter().find(|known| *known == text) else {
        let near = did_you_mean(&text, SETTINGS);
        let all = if near.is_empty() {
            format!("; settings are {}", listed(SETTINGS))
        } else {
            near
        };
        let stop = if all.ends_with('?') { "" } else { "." };
        errors.at(
            name.span(),
            format!("unknown setting `{text}`{all}{stop} Children are written `{text}: …`"),
        );
        return None;
    };
    if before.contains(name) {
        errors.at(name.span(), format!("setting `{text}` is given twice"));
        return None;
    }
    Some(known)
}

/// What the settings say about names, as far as they are literals.
struct Rules {
    separator: Option<String>,
    max_name: Option<usize>,
}

impl Rules {
    fn learn(&mut self, setting: &str, value: &Expr, conditional: bool) {
        let literal = match value {
            Expr::Lit(ExprLit { lit, .. }) if !conditional => Some(lit),
            _ => None,
        };
        match (setting, literal) {
            ("separator", Some(Lit::Str(text))) => self.separator = Some(text.value()),
            ("separator", _) => self.separator = None,
            ("max_name", Some(Lit::Int(number))) => self.max_name = number.base10_parse().ok(),
            ("max_name", _) => self.max_name = None,
            _ => {}
        }
    }
}

fn namespace_problem(name: &str) -> Option<String> {
    const RULE: &str =
        "a namespace is a lowercase letter, then lowercase letters, digits, `_` or `-`";
    let Some(first) = name.chars().next() else {
        return Some(format!(
            "a namespace is empty; for no prefix write `_: ..`; {RULE}"
        ));
    };
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if let Some(bad) = name.chars().find(|c| !legal(*c)) {
        let lower = name.to_ascii_lowercase();
        let help =
            if lower.chars().all(legal) && lower.starts_with(|c: char| c.is_ascii_lowercase()) {
                format!("; write `{lower}`")
            } else {
                String::new()
            };
        return Some(format!(
            "namespace `{name}` contains {}; {RULE}{help}",
            shown(bad)
        ));
    }
    if !first.is_ascii_lowercase() {
        return Some(format!("namespace `{name}` starts with `{first}`; {RULE}"));
    }
    let length = name.len();
    (length > LONGEST_NAMESPACE).then(|| {
        format!("namespace `{name}` is {length} characters long; at most {LONGEST_NAMESPACE} leave room for names")
    })
}

/// The mistakes that two namespaces make together, and those against the settings.
fn check_together(namespaces: &[Namespace], rules: &Rules, errors: &mut Errors) {
    for (index, later) in namespaces.iter().enumerate() {
        if let (Some(separator), Some(max)) = (&rules.separator, rules.max_name)
            && later.name.len() <= LONGEST_NAMESPACE
            && later.name.len() + separator.len() >= max
        {
            let message = format!(
                "namespace `{}` leaves no room for names: `max_name` is {max}",
                later.name
            );
            errors.at(later.span, message);
        }
        for earlier in &namespaces[..index] {
            if later.conditional && earlier.conditional {
                continue;
            }
            if later.name == earlier.name {
                errors.at(
                    later.span,
                    format!("namespace `{}` is used twice", later.name),
                );
                errors.at(earlier.span, format!("`{}` is first used here", later.name));
                break;
            }
            if later.name.replace('_', "-") == earlier.name.replace('_', "-") {
                let scheme = later.name.replace('_', "-");
                let message = format!(
                    "namespaces `{}` and `{}` share the URI scheme `{scheme}`: `_` is illegal there and becomes `-`",
                    earlier.name, later.name
                );
                errors.at(later.span, message);
            }
            if let Some(separator) = &rules.separator {
                check_ambiguous(earlier, later, separator, errors);
            }
        }
    }
}

fn check_ambiguous(earlier: &Namespace, later: &Namespace, separator: &str, errors: &mut Errors) {
    let (short, long) = if earlier.name.len() < later.name.len() {
        (earlier, later)
    } else {
        (later, earlier)
    };
    let Some(rest) = long
        .name
        .strip_prefix(&format!("{}{separator}", short.name))
    else {
        return;
    };
    if rest.is_empty() {
        return;
    }
    let message = format!(
        "namespaces `{short}` and `{long}` are ambiguous: with separator `{separator}`, `{long}{separator}x` could be \
         tool `{rest}{separator}x` of `{short}`\nhelp: rename one, or set `separator = \"__\"`",
        short = short.name,
        long = long.name,
    );
    errors.at(later.span, message);
}
