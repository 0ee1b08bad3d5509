//! Namespaces for names from elsewhere.

use crate::compose::Namespace;

/// The longest namespace.
const LONGEST: usize = 32;

/// The nearest namespace to `key` beside those in `used`; `None` when nothing of the key can be used.
pub(super) fn normalised(key: &str, used: &[&str]) -> Option<String> {
    let first = Namespace::normalised(key)?;
    let free = |name: &str| {
        let scheme = name.replace('_', "-");
        used.iter().all(|used| used.replace('_', "-") != scheme)
    };
    if free(first.as_str()) {
        return Some(first.as_str().to_owned());
    }
    (2..).find_map(|number: u32| {
        let end = format!("-{number}");
        let start = first.as_str();
        let start = &start[..start.len().min(LONGEST - end.len())];
        let name = format!("{start}{end}");
        free(&name).then_some(name)
    })
}

/// Whether a name could belong to two of the namespaces.
pub(super) fn ambiguous(names: &[&str], separator: &str) -> bool {
    names.iter().any(|short| {
        let start = format!("{short}{separator}");
        names
            .iter()
            .any(|long| long.len() > start.len() && long.starts_with(&start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_gets_a_namespace_of_its_own() {
        assert_eq!(normalised("GitHub", &[]).as_deref(), Some("github"));
        assert_eq!(normalised("my_db", &["my-db"]).as_deref(), Some("my_db-2"));
        let long = "x".repeat(32);
        assert_eq!(
            normalised(&long, &[&long]),
            Some(format!("{}-2", "x".repeat(30)))
        );
        assert_eq!(normalised("42", &[]), None);
    }

    #[test]
    fn one_within_another_is_ambiguous() {
        assert!(ambiguous(&["db", "db_main"], "_"));
        assert!(!ambiguous(&["db", "db_main"], "__"));
        assert!(!ambiguous(&["db", "db-main"], "_"));
    }
}
