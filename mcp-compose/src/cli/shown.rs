//! Text from children, on a terminal: nothing in it may move the cursor or hide.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

/// In characters; what is longer breaks the table.
const MAX_LINE: usize = 100;

/// The first line of `text`, cut to fit, with what cannot be seen written as an escape.
pub(super) fn line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", block(&line[..end])),
        None => block(line),
    }
    .replace('\t', " ")
}

/// `text` with all but line ends and tabs made visible.
pub(super) fn block(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\'' | '"' | '\\' => out.push(c),
            // Behind another: accents and joined letters are text.
            c => out.extend(['a', c].iter().collect::<String>().escape_debug().skip(1)),
        }
    }
    out
}

/// Prints JSON to stdout, as [`json`] has it for what that is.
pub(super) fn print_json(json: &str) -> io::Result<()> {
    let mut out = io::stdout();
    let plain = !out.is_terminal();
    writeln!(out, "{}", self::json(json, plain))
}

/// JSON as it is where that is `plain`. On a terminal nothing in it moves the cursor or hides; it is the same JSON.
pub(super) fn json(json: &str, plain: bool) -> Cow<'_, str> {
    match plain {
        true => json.into(),
        false => harmless(json).into(),
    }
}

fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\n' | '\t' | '\r') || block(c.encode_utf8(&mut [0; 4])).chars().eq([c]) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// `text` on lines of its own, with a mark before each, so that none can be taken for one of ours.
pub(super) fn quoted(text: &str) -> String {
    let lines = block(text);
    lines.lines().map(|line| format!("  | {line}\n")).collect()
}

/// `1 tool`, `2 tools`
pub(super) fn count(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_or_moves_the_cursor() {
        assert_eq!(block("a \"b\"\n\tc\\ ü 日本"), "a \"b\"\n\tc\\ ü 日本");
        assert_eq!(block("हिन्दी ❤️ cafe\u{301}"), "हिन्दी ❤️ cafe\u{301}");
        assert_eq!(
            block("\u{1b}[2J\r\u{9b}\u{7f}"),
            "\\u{1b}[2J\\r\\u{9b}\\u{7f}"
        );
        assert_eq!(
            block("a\u{202e}b\u{200b}c\u{e0041}"),
            "a\\u{202e}b\\u{200b}c\\u{e0041}"
        );
        assert_eq!(
            harmless("{\"a\": \"\u{9b}31m\u{e0041}ü\"}\n"),
            "{\"a\": \"\\u009b31m\\udb40\\udc41ü\"}\n"
        );
        assert_eq!(line("  first\tline\nsecond"), "first line");
        assert_eq!(line(&"ü".repeat(101)), "ü".repeat(100) + "…");
        assert_eq!(line(&"ü".repeat(100)), "ü".repeat(100));
    }
}
