//! Text from children, on a terminal: nothing in it may move the cursor or hide.

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
            c => out.extend(c.escape_debug()),
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
        assert_eq!(block("\u{1b}[2J\r"), "\\u{1b}[2J\\r");
        assert_eq!(
            block("a\u{202e}b\u{200b}c\u{e0041}"),
            "a\\u{202e}b\\u{200b}c\\u{e0041}"
        );
        assert_eq!(line("  first\tline\nsecond"), "first line");
        assert_eq!(line(&"ü".repeat(101)), "ü".repeat(100) + "…");
        assert_eq!(line(&"ü".repeat(100)), "ü".repeat(100));
    }
}
