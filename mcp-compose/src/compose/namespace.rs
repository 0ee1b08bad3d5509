//! The key under which a child's names are exposed.

use std::fmt;

/// The longest namespace: it leaves room for names in a portable 64 characters.
pub(crate) const MAX_NAMESPACE: usize = 32;

/// A valid namespace: `[a-z][a-z0-9_-]*`, at most 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Namespace(String);

impl Namespace {
    /// Checks `text`; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Namespace, String> {
        let Some(first) = text.chars().next() else {
            return Err("a namespace is not empty".to_owned());
        };
        if !first.is_ascii_lowercase() {
            return Err(format!(
                "namespace `{}` starts with `{}`; it must start with a lower-case letter",
                text.escape_debug(),
                first.escape_debug()
            ));
        }
        if let Some(bad) = text.chars().find(|c| !Self::allows(*c)) {
            return Err(format!(
                "namespace `{}` contains `{}`; allowed: lower-case letters, digits, `_`, `-`",
                text.escape_debug(),
                bad.escape_debug()
            ));
        }
        if text.len() > MAX_NAMESPACE {
            return Err(format!(
                "namespace `{text}` has {} characters; at most {MAX_NAMESPACE} are allowed",
                text.len()
            ));
        }
        Ok(Namespace(text.to_owned()))
    }

    /// The nearest valid namespace to `text`, or `None` when nothing of it can be used.
    pub(crate) fn normalised(text: &str) -> Option<Namespace> {
        let mut name = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            let c = if Self::allows(c) { c } else { '-' };
            let starts = c.is_ascii_lowercase();
            if (!name.is_empty() || starts) && !(c == '-' && name.ends_with('-')) {
                name.push(c);
            }
            if name.len() == MAX_NAMESPACE {
                break;
            }
        }
        let name = name.trim_end_matches('-');
        Namespace::parse(name).ok()
    }

    fn allows(c: char) -> bool {
        c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-'
    }

    /// The namespace as declared.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The namespace as a URI scheme: `_` is illegal there and becomes `-`.
    pub(crate) fn scheme(&self) -> String {
        self.0.replace('_', "-")
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_documented_alphabet() {
        for good in ["a", "database", "secure_db", "my-db2", &"a".repeat(32)] {
            assert_eq!(Namespace::parse(good).expect(good).as_str(), good);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (bad, why) in [
            ("", "not empty"),
            ("2db", "starts with `2`"),
            ("Db", "starts with `D`"),
            ("my db", "contains ` `"),
            ("a\u{1b}", "contains `\\u{1b}`"),
            (&"a".repeat(33), "33 characters"),
        ] {
            let error = Namespace::parse(bad).expect_err(bad);
            assert!(error.contains(why), "{bad:?}: {error}");
        }
    }

    #[test]
    fn scheme_has_no_underscore() {
        assert_eq!(Namespace::parse("secure_db").unwrap().scheme(), "secure-db");
    }

    #[test]
    fn normalises_foreign_keys() {
        for (key, expected) in [
            ("GitHub", Some("github")),
            ("My DB (prod)", Some("my-db-prod")),
            ("@scope/server", Some("scope-server")),
            ("42", None),
            ("données", Some("donn-es")),
            (&"x".repeat(40), Some("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")),
        ] {
            let got = Namespace::normalised(key);
            assert_eq!(got.as_ref().map(Namespace::as_str), expected, "{key}");
        }
    }
}
