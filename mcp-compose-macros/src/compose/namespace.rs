//! Namespaces: which are legal, and which can stand together.

use proc_macro2::Span;

use super::settings::Rules;
use crate::{errors::Errors, names::shown};

const LONGEST_NAMESPACE: usize = 32;

/// A namespace of the composition.
pub(super) struct Namespace {
    pub(super) name: String,
    pub(super) span: Span,
    /// It is there in some configurations only.
    pub(super) conditional: bool,
}

/// What is wrong with a namespace.
pub(super) fn problem(name: &str) -> Option<String> {
    const RULE: &str =
        "a namespace is a lowercase letter, then lowercase letters, digits, `_` or `-`";
    let Some(first) = name.chars().next() else {
        return Some("the namespace is empty; for no prefix write `_: ..`".to_owned());
    };
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if let Some(bad) = name.chars().find(|c| !legal(*c)) {
        let lower = name.to_ascii_lowercase();
        let starts = lower.starts_with(|c: char| c.is_ascii_lowercase());
        return Some(if starts && lower.chars().all(legal) {
            format!("namespace `{name}` has uppercase letters; write `{lower}`")
        } else {
            format!("namespace `{name}` contains {}; {RULE}", shown(bad))
        });
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
pub(super) fn check_together(namespaces: &[Namespace], rules: &Rules, errors: &mut Errors) {
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
            if let Some(separator) = rules.separator.as_deref().filter(|text| !text.is_empty()) {
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
    let other = if separator == "__" {
        ""
    } else {
        ", or set `separator = \"__\"`"
    };
    let message = format!(
        "namespaces `{short}` and `{long}` are ambiguous: with separator `{separator}`, `{long}{separator}x` could be \
         tool `{rest}{separator}x` of `{short}`\nhelp: rename one{other}",
        short = short.name,
        long = long.name,
    );
    errors.at(later.span, message);
}
