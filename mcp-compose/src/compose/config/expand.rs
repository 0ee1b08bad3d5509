//! `${VAR}` in the strings of a configuration file.

/// Replaces `${VAR}`, `${env:VAR}` and `${VAR:-default}`; `$${` stands for a plain `${`.
///
/// What a variable holds is not looked at again.
pub(super) fn expand(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let before = &rest[..at];
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(before);
        let inside = &rest[at + 2..];
        let Some(end) = inside.find('}') else {
            return Err("`${` without its `}`; write `$${` for a plain `${`".to_owned());
        };
        out.push_str(&value(&inside[..end], variable)?);
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn value(inside: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let name = name.strip_prefix("env:").unwrap_or(name);
    if !is_variable_name(name) {
        return Err(format!(
            "`${{{}}}` is not a variable: write `${{NAME}}` or `${{NAME:-default}}`, or `$${{` for a plain `${{`",
            inside.escape_debug()
        ));
    }
    match (variable(name), default) {
        (Some(value), None) => Ok(value),
        // As in a shell, `:-` also replaces an empty value.
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(format!(
            "the environment variable `{name}` is not set; set it, or give it a default: `${{{name}:-..}}`"
        )),
    }
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::expand;

    fn variable(name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some("t0k".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${TOKEN}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn replaces_variables() {
        for (text, expected) in [
            ("plain $5", "plain $5"),
            ("Bearer ${TOKEN}!", "Bearer t0k!"),
            ("${env:TOKEN}${TOKEN}", "t0kt0k"),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}", "x"),
            ("${NONE:-a:b}", "a:b"),
            ("${env:NONE:-}", ""),
            ("$${TOKEN}", "${TOKEN}"),
            ("${NESTED}", "${TOKEN}"),
        ] {
            assert_eq!(expand(text, &variable).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn says_what_it_cannot_replace() {
        for (text, why) in [
            ("${NONE}", "the environment variable `NONE` is not set"),
            ("${TOKEN", "without its `}`"),
            ("${input:token}", "`${input:token}` is not a variable"),
            ("${}", "`${}` is not a variable"),
            ("${1}", "not a variable"),
        ] {
            let error = expand(text, &variable).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
