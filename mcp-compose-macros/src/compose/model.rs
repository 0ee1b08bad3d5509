//! What `compose!` is asked to make, checked as far as names and literals can be.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, Ident, Path, spanned::Spanned};

use super::{
    form::Form,
    namespace::{self, Namespace},
    parse::{self, Broken, Entries, Item, Key},
    profiles::{self, Profile, Selection},
    settings::{self, Rules, SETTINGS},
    values,
};
use crate::{errors::Errors, server::crate_path};

/// A composition.
pub(super) struct Model {
    pub(super) krate: Path,
    /// Calls on the builder, in order.
    pub(super) calls: Vec<Call>,
    /// Of the struct, if there is one.
    pub(super) fields: Vec<Field>,
    /// When the struct is there.
    pub(super) struct_cfgs: Vec<Attribute>,
    pub(super) broken: Vec<Broken>,
}

/// A call on the builder.
pub(super) struct Call {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) method: Method,
    pub(super) value: TokenStream,
    /// Where rustc shall report a value of the wrong type.
    pub(super) span: Span,
}

pub(super) enum Method {
    /// A child under this namespace.
    Child(String),
    /// Called if the value is true.
    Flag(&'static str),
    /// Called with the value.
    Of(&'static str),
    /// A profile of this name; `true`: the value is what is called on an empty one.
    Profile(String, bool),
}

/// The field that holds the handle of a child.
pub(super) struct Field {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) docs: Vec<TokenStream>,
    pub(super) name: Ident,
    pub(super) namespace: String,
}

/// What is known of the entries so far.
struct Builder<'a> {
    form: &'a Form,
    errors: &'a mut Errors,
    model: Model,
    namespaces: Vec<Namespace>,
    settings: Vec<Ident>,
    rules: Rules,
}

impl Model {
    pub(super) fn new(form: &Form, entries: Entries, errors: &mut Errors) -> Self {
        let struct_cfgs = match form {
            Form::Struct(header) => cfgs(&header.attrs),
            _ => Vec::new(),
        };
        let mut builder = Builder {
            form,
            errors,
            model: Self {
                krate: syn::parse_quote!(::mcp_compose),
                calls: Vec::new(),
                fields: Vec::new(),
                struct_cfgs,
                broken: entries.broken,
            },
            namespaces: Vec::new(),
            settings: Vec::new(),
            rules: Rules::default(),
        };
        for item in entries.items {
            builder.add(item);
        }
        let mut profiles = Vec::new();
        for (attrs, profile) in entries.profiles {
            profiles.push((profile.name.clone(), profile.span));
            builder.add_profile(profile, &attrs);
        }
        profiles::check_against(&builder.namespaces, &profiles, builder.errors);
        namespace::check_together(&builder.namespaces, &builder.rules, builder.errors);
        builder.model
    }
}

impl Builder<'_> {
    fn add(&mut self, item: Item) {
        let Item { attrs, key, value } = item;
        let key = self.meant(key, &value);
        self.check_attributes(&attrs, &key);
        match key {
            Key::Setting(name, _) => self.add_setting(name, value, &attrs),
            Key::Namespace(namespace) => self.add_child(namespace, value, &attrs),
            Key::Unprefixed => self.call(Method::Of("local"), value, &attrs),
            Key::Spread => {
                let span = value.span();
                self.model.calls.push(Call {
                    cfgs: cfgs(&attrs),
                    method: Method::Of("spread"),
                    value: value.into_token_stream(),
                    span,
                });
            }
        }
    }

    /// The key that was meant, where `=` and `:` are mixed up.
    fn meant(&mut self, key: Key, value: &Expr) -> Key {
        match key {
            Key::Namespace(parse::Namespace {
                name,
                ident: Some(ident),
                colon,
                ..
            }) if SETTINGS.contains(&&*name) && matches!(value, Expr::Lit(_)) => {
                self.errors
                    .at(colon, format!("`{name}` is a setting: write `{name} = ..`"));
                Key::Setting(ident, colon)
            }
            Key::Setting(ident, equals)
                if !SETTINGS.iter().any(|known| ident == known) && values::is_child(value) =>
            {
                self.errors.at(
                    equals,
                    format!("a child is written with a colon: `{ident}: ..`"),
                );
                Key::Namespace(parse::Namespace {
                    name: ident.to_string(),
                    span: ident.span(),
                    ident: Some(ident),
                    colon: equals,
                })
            }
            other => other,
        }
    }

    fn check_attributes(&mut self, attrs: &[Attribute], key: &Key) {
        let has_field = !matches!(self.form, Form::Composition) && matches!(key, Key::Namespace(_));
        for attr in attrs.iter().filter(|attr| !attr.path().is_ident("cfg")) {
            let is_doc = attr.path().is_ident("doc");
            if !(is_doc && has_field) {
                self.errors.on(
                    attr,
                    if is_doc {
                        "a doc comment has no effect here; use `//`"
                    } else {
                        "only `#[cfg]` works on an entry"
                    },
                );
            }
        }
    }

    fn add_setting(&mut self, name: Ident, value: Expr, attrs: &[Attribute]) {
        let Some(setting) = settings::known(&name, &self.settings, self.errors) else {
            return;
        };
        self.settings.push(name);
        let cfgs = cfgs(attrs);
        if setting == "crate" {
            if let Some(path) = crate_path(value, self.errors) {
                self.model.krate = path;
            }
            return;
        }
        self.rules
            .learn(setting, &value, !cfgs.is_empty(), self.errors);
        let method = match setting {
            "strict" | "child_endpoints" => Method::Flag(setting),
            _ => Method::Of(setting),
        };
        let span = value.span();
        self.model.calls.push(Call {
            cfgs,
            method,
            value: value.into_token_stream(),
            span,
        });
    }

    fn add_profile(&mut self, profile: Profile, attrs: &[Attribute]) {
        let (value, is_calls) = match profile.value {
            Selection::Of(value) => (value.into_token_stream(), false),
            Selection::Calls(calls) => (calls, true),
        };
        self.model.calls.push(Call {
            cfgs: cfgs(attrs),
            method: Method::Profile(profile.name, is_calls),
            value,
            span: profile.span,
        });
    }

    fn add_child(&mut self, key: parse::Namespace, value: Expr, attrs: &[Attribute]) {
        let parse::Namespace { name, span, .. } = key;
        if let Some(problem) = namespace::problem(&name) {
            self.errors.at(span, problem);
        }
        self.add_field(&name, span, attrs);
        self.call(Method::Child(name.clone()), value, attrs);
        self.namespaces.push(Namespace {
            name,
            span,
            conditional: !cfgs(attrs).is_empty(),
        });
    }

    fn add_field(&mut self, namespace: &str, span: Span, attrs: &[Attribute]) {
        let owner = match self.form {
            Form::Composition => return,
            Form::Value(name) => name,
            Form::Struct(header) => &header.name,
        };
        let text = namespace.replace('-', "_");
        if matches!(&*text, "self" | "Self" | "super" | "crate") {
            self.errors.at(
                span,
                format!(
                    "`{text}` cannot be a field of `{owner}`; give the child another namespace"
                ),
            );
            return;
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if text == "_"
            || !text.chars().all(legal)
            || text.starts_with(|c: char| c.is_ascii_digit())
            || text.is_empty()
        {
            // Said already.
            return;
        }
        let name = if syn::parse_str::<Ident>(&text).is_ok() {
            Ident::new(&text, span)
        } else {
            Ident::new_raw(&text, span)
        };
        let cfgs = cfgs(attrs);
        let repeated =
            |field: &Field| field.name == name && (field.cfgs.is_empty() || cfgs.is_empty());
        if self.model.fields.iter().any(repeated) {
            // Two such namespaces are a mistake of their own.
            return;
        }
        let mut docs: Vec<_> = attrs
            .iter()
            .filter(|attr| attr.path().is_ident("doc"))
            .map(ToTokens::to_token_stream)
            .collect();
        if docs.is_empty() {
            let text = format!("The child `{namespace}`.");
            docs.push(quote!(#[doc = #text]));
        }
        self.model.fields.push(Field {
            cfgs,
            docs,
            name,
            namespace: namespace.to_owned(),
        });
    }

    fn call(&mut self, method: Method, value: Expr, attrs: &[Attribute]) {
        if let Form::Struct(header) = self.form
            && let Some((span, problem)) =
                values::not_in_new(&value, header.output.is_some(), &header.name)
        {
            // Left out, so that rustc does not say it again at another place.
            self.errors.at(span, problem);
            return;
        }
        let span = value.span();
        self.model.calls.push(Call {
            cfgs: cfgs(attrs),
            method,
            value: values::child(value, self.errors),
            span,
        });
    }
}

fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    let cfgs = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    cfgs.cloned().collect()
}
