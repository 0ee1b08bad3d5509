//! What is about to change, without the secrets that stand around it.

use similar::TextDiff;

use crate::cli::shown;
use crate::secret_text::{is_secret, is_secret_name, looks_secret};

const HIDDEN: &str = "***";

/// Lines around a change.
const CONTEXT: usize = 3;

/// A unified diff of the file; `secrets` are values that are known to be some.
pub(super) fn diff(file: &str, before: &str, after: &str, secrets: &[&str]) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    let unified = unified.context_radius(CONTEXT).header(file, file);
    let mut out = String::new();
    let mut last_key = String::new();
    for (at, line) in unified.to_string().lines().enumerate() {
        // The two lines of names, and those that say where a change is.
        if at < 2 || line.starts_with("@@") {
            out.push_str(&shown::block(line));
        } else {
            let line = line.strip_suffix('\r').unwrap_or(line);
            out.push_str(&shown::block(&masked(line, &mut last_key, secrets)));
        }
        out.push('\n');
    }
    out
}

/// A line of JSON or TOML with each string hidden that may be a secret. `key` is what the last value was called.
fn masked(line: &str, key: &mut String, secrets: &[&str]) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, string) = rest.split_at(at);
        out.push_str(before);
        if let Some(word) = before.trim_end().strip_suffix('=') {
            let word = word
                .trim_end()
                .rsplit([' ', '{', ',', '\t', '+', '-'])
                .next();
            if let Some(word) = word.filter(|word| !word.is_empty() && !word.ends_with('"')) {
                word.clone_into(key);
            }
        }
        let quote = &string[..1];
        let inside = &string[1..];
        let end = closing(inside, quote);
        let (text, behind) = inside.split_at(end);
        let after = behind.strip_prefix(quote);
        rest = after.unwrap_or(behind);
        let is_key = rest.trim_start().starts_with([':', '=']);
        // An option, whose value may be the next string.
        let is_option = text.starts_with('-') && !text.contains(['=', ' ']);
        let named = if is_option { "" } else { key.as_str() };
        let hidden = !is_key
            && !is_reference(text)
            && (is_secret(named, text)
                || secrets.iter().any(|secret| text.contains(secret))
                || is_assigned_secret(text));
        if is_key {
            text.clone_into(key);
        } else if is_option {
            text.trim_start_matches('-').clone_into(key);
        }
        out.push_str(quote);
        out.push_str(if hidden { HIDDEN } else { text });
        if after.is_some() {
            out.push_str(quote);
        }
    }
    out.push_str(rest);
    out
}

/// A variable and nothing else, not even what stands for it when it is unset.
fn is_reference(text: &str) -> bool {
    let inside = text
        .strip_prefix("${")
        .and_then(|text| text.strip_suffix('}'));
    inside.is_some_and(|inside| !inside.contains(['$', '-', '}']))
}

/// `--token=..`, `API_KEY=..`, `Authorization: ..`
fn is_assigned_secret(text: &str) -> bool {
    let Some((name, value)) = text.split_once(['=', ':']) else {
        return false;
    };
    let value = value.trim();
    !name.contains('/') && (is_secret_name(name) && !value.is_empty() || looks_secret(value))
}

/// Where the string ends, in bytes.
fn closing(inside: &str, quote: &str) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == "\"" => escaped = true,
            c if quote.starts_with(c) => return at,
            _ => {}
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(line: &str) -> String {
        masked(line, &mut String::new(), &["own secret"])
    }

    #[test]
    fn secrets_around_a_change_are_hidden() {
        for (line, expected) in [
            (
                r#"   "GITHUB_TOKEN": "short","#,
                r#"   "GITHUB_TOKEN": "***","#,
            ),
            (
                r#"   "TOKEN": "${env:TOKEN}","#,
                r#"   "TOKEN": "${env:TOKEN}","#,
            ),
            (r#"   "TOKEN": "${TOKEN:-abc}","#, r#"   "TOKEN": "***","#),
            (r#"   "LOG": "debug","#, r#"   "LOG": "debug","#),
            (
                r#" "args": ["--token", "abc", "--port", "80"]"#,
                r#" "args": ["--token", "***", "--port", "80"]"#,
            ),
            (r#" "args": ["--api-key=abc"]"#, r#" "args": ["***"]"#),
            (r#"+"X": "it is own secret here""#, r#"+"X": "***""#),
            (
                r#" env = { API_KEY = "a\"b", MODE = "x" }"#,
                r#" env = { API_KEY = "***", MODE = "x" }"#,
            ),
            ("+password = 'abc'", "+password = '***'"),
            (
                r#" "Authorization": "Bearer unfinished"#,
                r#" "Authorization": "***"#,
            ),
            (r#" "url": "https://u:pw@example.com/""#, r#" "url": "***""#),
            (
                r#" "url": "https://example.com/""#,
                r#" "url": "https://example.com/""#,
            ),
        ] {
            assert_eq!(mask(line), expected);
        }
    }
}
