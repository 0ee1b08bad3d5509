//! Patterns over names: `*` stands for any characters, everything else for itself.

/// A name, or a pattern with `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(String);

impl Glob {
    pub(crate) fn new(pattern: impl Into<String>) -> Self {
        Glob(pattern.into())
    }

    /// Whether `name` matches as a whole.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        // `split` yields at least one part.
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }

    /// Whether a name that begins with `head` can match.
    pub(crate) fn may_begin_with(&self, head: &str) -> bool {
        match self.0.split_once('*') {
            Some((first, _)) => first.starts_with(head) || head.starts_with(first),
            None => self.0.starts_with(head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn knows_which_names_it_cannot_match() {
        for (pattern, head, expected) in [
            ("docs_*", "docs_", true),
            ("d*", "docs_", true),
            ("*", "docs_", true),
            ("docs_a*b", "docs_", true),
            ("docs", "docs_", false),
            ("db_*", "docs_", false),
        ] {
            let may = Glob::new(pattern).may_begin_with(head);
            assert_eq!(may, expected, "{pattern} on {head}");
        }
    }

    #[test]
    fn matches_whole_names() {
        for (pattern, name, expected) in [
            ("order", "order", true),
            ("order", "orders", false),
            ("*", "", true),
            ("*", "anything", true),
            ("search_*", "search_parts", true),
            ("search_*", "research_parts", false),
            ("*_parts", "search_parts", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a**c", "abc", true),
            ("", "", true),
            ("", "a", false),
            ("größe*", "größe_1", true),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(name),
                expected,
                "{pattern} on {name}"
            );
        }
    }
}
