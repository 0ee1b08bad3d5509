//! What resources are called outside: `{namespace}://{original}`, as opaque strings.
//!
//! Nothing here goes through a URL parser, except to learn what a client that normalises URLs
//! would make of an exposed URI, so that its spelling is understood too.

use crate::compose::Namespace;

/// Schemes that clients recognise and that therefore stay: the namespace goes into the authority.
const KEPT_SCHEMES: [&str; 2] = ["ui://", "skill://"];

/// The URI (or URI template) under which `original` is exposed.
pub(crate) fn expose(namespace: Option<&Namespace>, original: &str) -> String {
    let Some(namespace) = namespace else {
        return original.to_owned();
    };
    let scheme = namespace.scheme();
    for kept in KEPT_SCHEMES {
        if let Some(rest) = original.strip_prefix(kept) {
            return format!("{kept}{scheme}/{rest}");
        }
    }
    format!("{scheme}://{original}")
}

/// What `exposed` is called by the child of this namespace, if the namespace is in it. Both
/// spellings of a namespace with `_` are read, and what a URL parser leaves of the inner scheme.
pub(crate) fn original(namespace: &Namespace, exposed: &str) -> Option<String> {
    for kept in KEPT_SCHEMES {
        if let Some(rest) = exposed.strip_prefix(kept) {
            let (authority, rest) = rest.split_once('/').unwrap_or((rest, ""));
            // A namespace has no colon: this is the scheme of a URI in the namespace `ui` or `skill`.
            if authority.contains(':') {
                break;
            }
            return same(namespace, authority).then(|| format!("{kept}{rest}"));
        }
    }
    let (scheme, rest) = exposed.split_once("://")?;
    same(namespace, scheme).then(|| restore(rest))
}

fn same(namespace: &Namespace, scheme: &str) -> bool {
    scheme.len() == namespace.as_str().len()
        && scheme
            .bytes()
            .zip(namespace.as_str().bytes())
            .all(|(a, b)| {
                let a = a.to_ascii_lowercase();
                a == b || (a == b'-' && b == b'_')
            })
}

/// A parser reads the inner scheme as a host with an empty port and drops the colon:
/// `app://settings` comes back as `app//settings`.
fn restore(rest: &str) -> String {
    let scheme_end =
        rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')));
    match scheme_end {
        Some(end) if end > 0 && rest[end..].starts_with("//") => {
            format!("{}:{}", &rest[..end], &rest[end..])
        }
        _ => rest.to_owned(),
    }
}

/// What a client that normalises URLs sends in place of `exposed`, where that differs.
pub(crate) fn normalised(exposed: &str) -> Option<String> {
    let parsed = url::Url::parse(exposed).ok()?;
    (parsed.as_str() != exposed).then(|| parsed.into())
}

/// Whether `uri` can be an instance of `template`, in time linear in both: literal parts must
/// follow each other, and a variable is anything between them (without `/` unless it is reserved
/// expansion).
pub(crate) fn matches(template: &str, uri: &str) -> bool {
    let mut rest = uri;
    let mut template = template;
    // Whether a variable is open, and whether it may hold slashes.
    let mut open: Option<bool> = None;
    loop {
        let (literal, variable, next) = match template.split_once('{') {
            Some((literal, after)) => match after.split_once('}') {
                Some((variable, next)) => (literal, Some(variable), next),
                None => return false,
            },
            None => (template, None, ""),
        };
        match open {
            None => match rest.strip_prefix(literal) {
                Some(after) => rest = after,
                None => return false,
            },
            Some(slashes) => {
                let at = if variable.is_none() && rest.ends_with(literal) {
                    Some(rest.len() - literal.len())
                } else if variable.is_none() {
                    None
                } else if literal.is_empty() {
                    Some(0)
                } else {
                    rest.find(literal)
                };
                let Some(at) = at else { return false };
                if !slashes && rest[..at].contains('/') {
                    return false;
                }
                rest = &rest[at + literal.len()..];
            }
        }
        let Some(variable) = variable else {
            return rest.is_empty();
        };
        open = Some(variable.starts_with(['+', '#', '/', '?', '&', ';', '.']));
        template = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(text: &str) -> Namespace {
        Namespace::parse(text).unwrap()
    }

    #[test]
    fn a_uri_comes_back_as_it_went_out() {
        for name in ["weather", "secure_db", "my-db"] {
            let namespace = namespace(name);
            for uri in [
                "app://settings",
                "file:///etc/hosts",
                "urn:isbn:123",
                "weird",
                "ui://host/x",
                "a://b%2Fc?d#e",
            ] {
                let exposed = expose(Some(&namespace), uri);
                assert_eq!(
                    original(&namespace, &exposed).as_deref(),
                    Some(uri),
                    "{exposed}"
                );
                let Some(sent) = normalised(&exposed) else {
                    continue;
                };
                if !uri.starts_with("weird") {
                    assert_eq!(
                        original(&namespace, &sent).as_deref(),
                        Some(uri),
                        "{exposed} as {sent}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_documented_spellings() {
        let secure = namespace("secure_db");
        assert_eq!(
            expose(Some(&namespace("weather")), "app://settings"),
            "weather://app://settings"
        );
        assert_eq!(
            expose(Some(&secure), "app://settings"),
            "secure-db://app://settings"
        );
        assert_eq!(
            original(&secure, "secure_db://app://settings").as_deref(),
            Some("app://settings")
        );
        assert_eq!(
            original(&secure, "secure-db://app//settings").as_deref(),
            Some("app://settings")
        );
        assert_eq!(original(&secure, "other://app://settings"), None);
        assert_eq!(
            expose(Some(&namespace("weather")), "ui://w/forecast"),
            "ui://weather/w/forecast"
        );
    }

    #[test]
    fn templates_match_their_instances() {
        assert!(matches("todo://items/{id}", "todo://items/7"));
        assert!(!matches("todo://items/{id}", "todo://items/7/x"));
        assert!(matches("file:///{+path}", "file:///a/b"));
        assert!(matches("a://{x}/b/{y}.json", "a://1/b/2.json"));
        assert!(!matches("a://{x}/b/{y}.json", "a://1/b/2.xml"));
        assert!(!matches("a://{x", "a://1"));
    }
}
