//! URIs: each comes back as it went out, to the child that it is of.

use super::first_line;
use crate::compose::Namespace;
use crate::gateway::uris::{expose, matches, normalised, original};

/// Two lines with a namespace each, two with a URI.
pub(super) fn uris(data: &[u8]) {
    let (first, rest) = first_line(data);
    let (second, rest) = first_line(rest);
    let (one, rest) = first_line(rest);
    let other = String::from_utf8_lossy(rest).into_owned();
    let namespace = |text: &str| {
        Namespace::parse(text)
            .ok()
            .or_else(|| Namespace::normalised(text))
    };
    let _ = (matches(&one, &other), matches(&other, &one));
    assert!(one.contains(['{', '}']) || matches(&one, &one));
    let (Some(first), Some(second)) = (namespace(&first), namespace(&second)) else {
        return;
    };
    for uri in [&one, &other] {
        let exposed = expose(Some(&first), uri);
        if !is_ambiguous(uri) {
            assert_eq!(original(&first, &exposed).as_ref(), Some(uri), "{exposed}");
        }
        if first.scheme() != second.scheme() && has_scheme(uri) {
            assert_eq!(original(&second, &exposed), None, "{exposed}");
        }
        let _ = normalised(&exposed).map(|sent| original(&first, &sent));
    }
    if one != other && has_scheme(&one) && has_scheme(&other) {
        assert_ne!(expose(Some(&first), &one), expose(Some(&first), &other));
    }
    if first.scheme() != second.scheme() && has_scheme(&one) && has_scheme(&other) {
        assert_ne!(expose(Some(&first), &one), expose(Some(&second), &other));
    }
}

/// What has none is no URI: it is found where it is listed, and nowhere else.
fn has_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// `app//x` is what clients that normalise URLs make of `app://x`, and is read as that.
fn is_ambiguous(uri: &str) -> bool {
    let rest = uri.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
    rest.starts_with("//") || !has_scheme(uri)
}
