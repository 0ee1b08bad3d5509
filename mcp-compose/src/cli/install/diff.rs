//! What is about to change, without the secrets that stand around it.

use similar::{ChangeTag, TextDiff};

use crate::cli::shown;
use crate::secret_text::{is_secret, is_secret_name, looks_secret};

const HIDDEN: &str = "***";

/// Lines around a change.
const CONTEXT: usize = 3;

/// A unified diff of the file; `secrets` are values that are known to be some.
pub(super) fn diff(file: &str, before: &str, after: &str, secrets: &[&str]) -> String {
    // What is called what may stand outside of what is shown.
    let (old, new) = (all_masked(before, secrets), all_masked(after, secrets));
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    let mut out = String::new();
    for hunk in unified.context_radius(CONTEXT).iter_hunks() {
        if out.is_empty() {
            let file = shown::block(file);
            out.push_str(&format!("--- {file}\n+++ {file}\n"));
        }
        out.push_str(&format!("{}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let line = match change.tag() {
                ChangeTag::Insert => change.new_index().and_then(|at| new.get(at)),
                _ => change.old_index().and_then(|at| old.get(at)),
            };
            let line = line.map(String::as_str).unwrap_or_default();
            out.push_str(&format!("{}{}\n", change.tag(), shown::block(line)));
            if change.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

/// Each line of a text, without secrets.
fn all_masked(text: &str, secrets: &[&str]) -> Vec<String> {
    let mut key = String::new();
    let mut within = None;
    let lines = text.lines().map(|line| {
        let quotes = ["\"\"\"", "'''"];
        if let Some(quote) = within {
            // A text of several lines: nothing in it tells what it is.
            return match line.split_once(quote) {
                None => HIDDEN.to_owned(),
                Some((_, rest)) => {
                    within = None;
                    format!("{HIDDEN}{quote}{rest}")
                }
            };
        }
        let opening = |quote: &&str| line.matches(quote).count() % 2 == 1;
        match quotes.into_iter().find(|quote| opening(quote)) {
            Some(quote) => {
                within = Some(quote);
                let begin = line.split(quote).next().unwrap_or_default();
                format!("{}{quote}{HIDDEN}", masked(begin, &mut key, secrets))
            }
            None => masked(line, &mut key, secrets),
        }
    });
    lines.collect()
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
        if is_key || is_option {
            text.clone_into(key);
        } else if key.starts_with('-') {
            // An option has one value.
            key.clear();
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

    #[test]
    fn what_a_value_is_called_may_stand_outside_of_what_is_shown() {
        let lines = [
            "[",
            "\"--password\",",
            "\"hunter22\",",
            "\"a\",",
            "\"b\",",
            "\"c\"",
            "]",
            "",
        ];
        let before = lines.join("\n");
        let shown = diff("f", &before, &before.replace("\"c\"", "\"d\""), &[]);
        assert!(
            shown.contains("@@") && shown.contains("\n-\"c\"\n+\"d\"\n"),
            "{shown}"
        );
        assert!(
            shown.contains("\"***\"") && !shown.contains("hunter22"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_of_a_text_of_several_lines_is_shown() {
        let before = "a = 1\nDB = \"\"\"x\nhunter2xx\n  y\"\"\"\nb = \"open\"\n";
        let shown = diff("f", before, &before.replace("a = 1", "a = 2"), &[]);
        assert_eq!(
            shown,
            "--- f\n+++ f\n@@ -1,4 +1,4 @@\n-a = 1\n+a = 2\n DB = \"\"\"***\n ***\n ***\"\"\"\n"
        );
        let shown = diff("f", before, &before.replace("open", "shut"), &[]);
        assert!(shown.contains("+b = \"shut\""), "{shown}");
    }

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
