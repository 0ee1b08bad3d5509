//! URIs and URI templates, checked: RFC 6570 level 1 and `{+path}`.

/// The variables of a template, or what is wrong with it.
pub(super) fn variables(uri: &str) -> Result<Vec<String>, String> {
    let scheme = uri
        .split_once(':')
        .map(|(scheme, _)| scheme)
        .unwrap_or_default();
    let mut letters = scheme.chars();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !letters.next().is_some_and(|c| c.is_ascii_alphabetic()) || !letters.all(legal) {
        return Err(format!(
            "`{uri}` has no scheme; a resource URI looks like `app://settings`"
        ));
    }
    let mut names: Vec<String> = Vec::new();
    let mut rest = uri;
    let mut adjacent = false;
    while let Some(at) = rest.find(['{', '}']) {
        if rest[at..].starts_with('}') {
            return Err(format!("`{uri}` has a `}}` without `{{`"));
        }
        if adjacent && at == 0 {
            return Err(format!(
                "`{uri}` has two variables side by side; put text between them"
            ));
        }
        let Some((variable, after)) = rest[at + 1..].split_once('}') else {
            return Err(format!("`{uri}` has a `{{` without `}}`"));
        };
        let name = variable.strip_prefix('+').unwrap_or(variable);
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!(
                "`{{{variable}}}` is not a variable; write `{{name}}`, or `{{+name}}` to match `/` too"
            ));
        }
        if names.iter().any(|known| known == name) {
            return Err(format!("`{{{name}}}` is used twice in `{uri}`"));
        }
        names.push(name.to_owned());
        rest = after;
        adjacent = true;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn checks() {
        assert_eq!(
            variables("t://a/{id}/{+rest}"),
            Ok(vec!["id".to_owned(), "rest".to_owned()])
        );
        assert_eq!(variables("app://settings"), Ok(vec![]));
        for wrong in [
            "settings",
            "t://{id",
            "t://id}",
            "t://{a}{b}",
            "t://{?q}",
            "t://{a}/{a}",
            "t://{}",
        ] {
            assert!(variables(wrong).is_err(), "{wrong}");
        }
    }
}
