//! What a child wrote to stderr last, as errors tell it: a few lines of it in one, nothing in them that
//! a terminal would obey, and nothing of what was declared for its environment.

use std::borrow::Cow;

use super::StdioSpec;
use super::not_started::NotStarted;
use crate::compose::{ChildSource, ChildSpec};
use crate::secret_text;

/// Lines that are told.
const LINES: usize = 20;
/// Bytes of all of them.
const BYTES: usize = 2 * 1024;
/// Bytes of one reason, whoever words it.
const REASON: usize = 4 * 1024;
/// A shorter value of the environment is no secret: blotting out each `1` would tell nothing.
const SECRET: usize = 6;

/// Adds what was last written to stderr to why a session is over. Its reason may end with the last line of it.
pub(super) fn with_last_words(spec: &ChildSpec, why: NotStarted, stderr: &[String]) -> NotStarted {
    let last = stderr.last().map(|line| format!(": {line}"));
    let reason = last
        .as_deref()
        .and_then(|last| why.reason.strip_suffix(last))
        .unwrap_or(&why.reason);
    let reason = presentable(spec, reason);
    let lines = stderr.iter().rev().filter(|line| !line.trim().is_empty());
    let (mut told, mut room) = (Vec::new(), BYTES);
    for line in lines.take(LINES) {
        let line = cut(spec, line.trim_end(), room);
        room = room.saturating_sub(line.len());
        told.push(line);
        if room == 0 {
            break;
        }
    }
    told.reverse();
    NotStarted {
        reason,
        stderr: told,
        ..why
    }
}

/// Text that comes from a child, fit to be shown, within a bound.
fn presentable(spec: &ChildSpec, text: &str) -> String {
    cut(spec, text, REASON)
}

fn cut(spec: &ChildSpec, text: &str, most: usize) -> String {
    let secrets = match &spec.source {
        ChildSource::Stdio(stdio) => Secrets::of(stdio),
        _ => Secrets::default(),
    };
    let mut shown = secrets.kept_from(text).into_owned();
    if shown.len() > most {
        let end = (0..=most).rev().find(|at| shown.is_char_boundary(*at));
        shown.truncate(end.unwrap_or_default());
        shown.push_str(" ..");
    }
    shown
}

/// What must not be told of a child: what was declared for its environment, and what of its arguments looks like a
/// secret.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn of(spec: &StdioSpec) -> Self {
        let values = spec.env.iter().map(|(_, value)| value.expose());
        let values = values.map(|value| value.to_string_lossy().into_owned());
        let words = std::iter::once(&spec.program).chain(&spec.args);
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let arguments = secret_text::in_command(words.iter().map(AsRef::as_ref));
        // Whoever uses a header's value has taken the scheme off.
        let bare = |value: &str| value.strip_prefix("Bearer ").unwrap_or(value).to_owned();
        let arguments = arguments.into_iter().flatten().map(bare);
        let all = values.chain(arguments);
        Self(all.filter(|value| value.len() >= SECRET).collect())
    }

    /// The text without them, and with all escaped that could deceive who reads it.
    pub(super) fn kept_from<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.0 {
            if text.contains(secret) {
                text = text.replace(secret, "***").into();
            }
        }
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return text;
        }
        let mut shown = String::new();
        for char in text.chars() {
            match char {
                '\t' => shown.push(' '),
                _ if is_plain(char) => shown.push(char),
                _ => shown.extend(char.escape_unicode()),
            }
        }
        shown.into()
    }
}

/// Whether a terminal shows the character where it stands, as what it is.
fn is_plain(char: char) -> bool {
    let unseen = matches!(char,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}');
    !char.is_control() && !unseen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::stdio;
    use crate::compose::Composition;

    fn spec() -> ChildSpec {
        let child = stdio("server")
            .args(["--token=s3cret-word", "-v"])
            .env("TOKEN", "s3cret-value")
            .env("N", "1");
        let composition = Composition::builder().child("a", child).build();
        composition.children[0].clone()
    }

    fn lines(lines: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
        lines.into_iter().map(Into::into).collect()
    }

    #[test]
    fn a02_the_last_lines_are_told_in_one_without_secrets_and_escapes() {
        let stderr = lines([
            "one 1",
            "",
            "\tat s3cret-value s3cret-word \u{1b}[31mred\u{202e}",
        ]);
        let why = format!("it exited (code 1): {}", stderr[2]);
        assert_eq!(
            with_last_words(&spec(), why.into(), &stderr).to_string(),
            r"it exited (code 1); it last wrote to stderr: one 1 |  at *** *** \u{1b}[31mred\u{202e}"
        );
        assert_eq!(
            with_last_words(&spec(), "it ended".into(), &[]).to_string(),
            "it ended"
        );
    }

    #[test]
    fn a02_what_is_told_has_a_bound() {
        let many = lines((0..50).map(|n| format!("line {n}")));
        let told = with_last_words(&spec(), "it ended".into(), &many).to_string();
        assert_eq!(told.matches(" | ").count(), LINES - 1);
        assert!(told.ends_with("line 49"), "{told}");
        let long = lines(["x".repeat(BYTES), "y".repeat(BYTES)]);
        let told = with_last_words(&spec(), "z".repeat(2 * REASON).into(), &long).to_string();
        assert!(told.len() < REASON + BYTES + 100, "{}", told.len());
        assert!(!told.contains('x') && told.ends_with("y"), "{told}");
    }
}
