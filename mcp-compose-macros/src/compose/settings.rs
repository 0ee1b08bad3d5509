//! The settings of a composition: which there are, and what their literals say.

use syn::{Expr, ExprLit, Ident, Lit, ext::IdentExt, spanned::Spanned};

use crate::{
    errors::Errors,
    names::{did_you_mean, listed, shown},
};

pub(crate) const SETTINGS: [&str; 10] = [
    "name",
    "version",
    "title",
    "instructions",
    "separator",
    "max_name",
    "strict",
    "profiles",
    "child_endpoints",
    "crate",
];
/// What `max_name` may be; the runtime checks it again where it is no literal.
const MAX_NAME: std::ops::RangeInclusive<usize> = 24..=128;

/// The known setting of this name, unless it was given before.
pub(super) fn known(name: &Ident, before: &[Ident], errors: &mut Errors) -> Option<&'static str> {
    let text = name.unraw().to_string();
    let Some(known) = SETTINGS.into_iter().find(|known| *known == text) else {
        let near = did_you_mean(&text, SETTINGS);
        let message = if near.is_empty() {
            format!(
                "unknown setting `{text}`; settings are {}\nhelp: a child is written with a colon: `{text}: ..`",
                listed(SETTINGS)
            )
        } else {
            format!("unknown setting `{text}`{near} Children are written `{text}: …`")
        };
        errors.at(name.span(), message);
        return None;
    };
    if let Some(first) = before.iter().find(|before| *before == name) {
        errors.at(name.span(), format!("setting `{text}` is given twice"));
        errors.at(first.span(), format!("`{text}` is first given here"));
        return None;
    }
    Some(known)
}

/// What the settings say about names; `None`: something that only the running program knows.
pub(super) struct Rules {
    pub(super) separator: Option<String>,
    pub(super) max_name: Option<usize>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            separator: Some("_".to_owned()),
            max_name: Some(64),
        }
    }
}

impl Rules {
    /// Takes note of a setting, and checks it if it is a literal.
    pub(super) fn learn(
        &mut self,
        setting: &str,
        value: &Expr,
        conditional: bool,
        errors: &mut Errors,
    ) {
        let literal = match value {
            Expr::Lit(ExprLit { lit, .. }) => Some(lit),
            _ => None,
        };
        match (setting, literal) {
            ("separator", literal) => {
                self.separator = match literal {
                    Some(Lit::Str(text)) => {
                        if let Some(problem) = separator_problem(&text.value()) {
                            errors.at(value.span(), problem);
                        }
                        Some(text.value()).filter(|_| !conditional)
                    }
                    _ => None,
                };
            }
            ("max_name", literal) => {
                self.max_name = match literal {
                    Some(Lit::Int(number)) => {
                        let number = number.base10_parse().ok();
                        if let Some(max) = number.filter(|max| !MAX_NAME.contains(max)) {
                            let (least, most) = (MAX_NAME.start(), MAX_NAME.end());
                            errors.at(
                                value.span(),
                                format!("`max_name` is {max}; it must be {least} to {most}"),
                            );
                        }
                        number.filter(|max| !conditional && MAX_NAME.contains(max))
                    }
                    _ => None,
                };
            }
            ("name", Some(Lit::Str(text))) if text.value().trim().is_empty() => {
                errors.at(value.span(), "the server's name is empty");
            }
            _ => {}
        }
    }
}

fn separator_problem(separator: &str) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match separator.chars().find(|c| !legal(*c)) {
        Some(bad) => Some(format!(
            "the separator contains {}; names may have letters, digits, `_` and `-` only",
            shown(bad)
        )),
        None => separator
            .is_empty()
            .then(|| "the separator is empty: `_` or `__` stand between namespace and name".into()),
    }
}
