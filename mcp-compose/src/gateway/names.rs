//! What tools and prompts are called outside.
//!
//! A namespaced name is `{namespace}{separator}{original}` in the characters and the length that
//! every client takes. A name that does not fit is mapped to one that does, with a hash of the
//! original, so that it depends on nothing else and stays the same across restarts. Names of
//! children without a namespace are kept as they are. Routing is a table lookup, never a split.

use ring::digest::{SHA256, digest};

/// The name under which `original` is exposed.
pub(crate) fn expose(
    namespace: Option<&str>,
    separator: &str,
    original: &str,
    max: usize,
) -> String {
    let Some(namespace) = namespace else {
        return original.to_owned();
    };
    let name = format!("{namespace}{separator}{original}");
    let portable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.len() <= max && name.chars().all(portable) {
        return name;
    }
    let mapped: String = name
        .chars()
        .map(|c| if portable(c) { c } else { '_' })
        .collect();
    with_hash(&mapped, original, max)
}

/// `name`, shortened where needed, with a hash that tells it from others of the same name.
pub(crate) fn with_hash(name: &str, seed: &str, max: usize) -> String {
    let digest = digest(&SHA256, seed.as_bytes());
    let digest = digest.as_ref();
    let hash = format!(
        "_{:02x}{:02x}{:02x}{:02x}",
        digest[0], digest[1], digest[2], digest[3]
    );
    let mut end = name.len().min(max.saturating_sub(hash.len()));
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{hash}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portable_name_is_prefixed_and_nothing_else() {
        assert_eq!(expose(Some("database"), "_", "query", 64), "database_query");
        assert_eq!(expose(Some("db"), "__", "x-1", 64), "db__x-1");
        assert_eq!(expose(None, "_", "any/thing ü", 8), "any/thing ü");
    }

    #[test]
    fn other_names_are_mapped_to_distinct_stable_ones() {
        let slash = expose(Some("db"), "_", "a/b", 64);
        let space = expose(Some("db"), "_", "a b", 64);
        assert_ne!(slash, space);
        assert_eq!(slash, "db_a_b_c14cddc0");
        let long = expose(Some("db"), "_", &"ü".repeat(200), 64);
        assert_eq!(long.len(), 64);
        assert!(long.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    }
}
