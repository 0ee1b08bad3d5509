//! What looks like a secret, in files and command lines that were written without much thought.

use url::Url;

/// How well-known services begin their keys.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "pk_live_",
    "rk_live_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "eyJ",
    "npm_",
    "pypi-",
    "hf_",
    "dop_v1_",
    "SG.",
    "secret_",
    "ntn_",
    "lin_api_",
    "figd_",
    "tvly-",
    "fc-",
    "BSA",
    "ATATT",
    "shpat_",
    "whsec_",
    "-----BEGIN",
];

/// Words of a name that say that its value is one.
const WORDS: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "pass",
    "passphrase",
    "credential",
    "credentials",
    "apikey",
    "key",
    "auth",
    "authorization",
    "bearer",
    "pat",
    "dsn",
    "cookie",
];

/// Last words of a name that say that its value only leads to one, or describes it.
const HARMLESS: &[&str] = &[
    "file", "path", "dir", "name", "type", "header", "prefix", "length", "limit", "count", "ttl",
    "timeout", "expiry", "url", "uri", "endpoint", "mode", "method", "provider", "scope", "scopes",
];

/// Shorter values are words, not keys.
const SHORTEST: usize = 8;

/// Whether the value is to be kept out of sight, given what it is called.
pub(crate) fn is_secret(name: &str, value: &str) -> bool {
    looks_secret(value) || (is_secret_name(name) && !is_plain(value))
}

/// Whether a name says that its value is a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let harmless = words
        .last()
        .is_some_and(|last| HARMLESS.contains(&last.as_str()));
    !harmless
        && words
            .iter()
            .any(|word| WORDS.contains(&word.as_str()) || word.ends_with("apikey"))
}

/// Whether a value shows by itself that it is one.
pub(crate) fn looks_secret(value: &str) -> bool {
    let value = value.trim();
    let bare = value
        .strip_prefix("Bearer ")
        .or_else(|| value.strip_prefix("Basic "))
        .unwrap_or(value);
    if bare.len() != value.len() && bare.len() >= SHORTEST {
        return true;
    }
    let known = PREFIXES.iter().any(|prefix| bare.starts_with(prefix));
    (known && bare.len() >= 16 && !bare.contains(' ')) || is_random(bare) || has_credentials(bare)
}

/// What the flag before a word says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It is a secret.
    Secret,
    /// It is a header or a variable: a name and a value.
    Pair,
    Nothing,
}

impl Before {
    fn of(word: &str) -> Self {
        match word {
            "-H" | "--header" | "-e" | "--env" => Self::Pair,
            _ if !word.starts_with('-') || word.contains('=') => Self::Nothing,
            _ if is_secret_name(word) => Self::Secret,
            _ => Self::Nothing,
        }
    }
}

/// Of each word of a command line, the program's name included, the end that is to be kept out of sight.
pub(crate) fn in_command<'w>(words: impl Iterator<Item = &'w str>) -> Vec<Option<&'w str>> {
    let mut before = Before::Nothing;
    let ends = words.enumerate().map(|(at, word)| {
        let said = std::mem::replace(&mut before, Before::of(word));
        if at == 0 { None } else { in_word(word, said) }
    });
    ends.collect()
}

fn in_word(word: &str, before: Before) -> Option<&str> {
    if before == Before::Secret {
        return Some(word);
    }
    let pair = word.split_once(['=', ':']);
    // What stands before `//` is no name.
    let pair = pair.filter(|(_, value)| !value.starts_with("//"));
    if let Some((name, value)) = pair {
        let value = value.trim_start();
        let named = before == Before::Pair || (is_secret_name(name) && !is_plain(value));
        if !value.is_empty() && (named || looks_secret(value)) {
            return Some(value);
        }
    }
    looks_secret(word).then_some(word)
}

/// Whether the URL has a password, or a secret in its query or path.
pub(crate) fn has_credentials(value: &str) -> bool {
    if !value.contains("://") {
        return false;
    }
    let Ok(url) = Url::parse(value) else {
        return false;
    };
    let in_query = || {
        url.query_pairs()
            .any(|(name, value)| is_secret_name(&name) && !is_plain(&value) || is_random(&value))
    };
    let in_path = || {
        let mut segments = url.path_segments().into_iter().flatten();
        segments.any(|segment| {
            is_random(segment)
                || PREFIXES
                    .iter()
                    .any(|p| segment.starts_with(p) && segment.len() >= 20)
        })
    };
    url.password().is_some() || in_query() || in_path()
}

/// A text of letters and digits that nobody has thought of.
fn is_random(value: &str) -> bool {
    let legal =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=' | '.');
    if value.len() < 20 || !value.chars().all(legal) || value.starts_with(['/', '.', '-']) {
        return false;
    }
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let upper = value.chars().filter(char::is_ascii_uppercase).count();
    let lower = value.chars().filter(char::is_ascii_lowercase).count();
    let separators = value.len() - digits - upper - lower;
    let hex = value.len() >= 32 && value.chars().all(|c| c.is_ascii_hexdigit());
    let mixed = digits >= 3 && upper >= 3 && lower >= 3 && separators <= value.len() / 8;
    let narrow = value.len() >= 24 && digits >= 5 && separators == 0;
    digits > 0 && (hex || ((mixed || narrow) && entropy(value) >= 3.5))
}

/// In bits a character.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let all = value.len() as f64;
    let counts = counts.iter().filter(|count| **count > 0);
    counts
        .map(|&count| {
            let share = f64::from(count) / all;
            -share * share.log2()
        })
        .sum()
}

/// A value that is no secret, whatever it is called.
fn is_plain(value: &str) -> bool {
    let value = value.trim();
    value.is_empty()
        || matches!(value, "true" | "false" | "none" | "null" | "yes" | "no")
        || (value.len() < SHORTEST && value.chars().all(|c| c.is_ascii_digit()))
}

/// `githubApiKey`, `GITHUB_API_KEY` and `--github-api-key` are `github`, `api`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        let breaks = c.is_uppercase() && lower_before;
        if !c.is_alphanumeric() || breaks {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_seen() {
        for (name, value) in [
            ("GITHUB_PERSONAL_ACCESS_TOKEN", "anything"),
            ("apiKey", "abcdefgh"),
            ("DB_PASSWORD", "hunter2"),
            ("Authorization", "Bearer abcdefgh"),
            ("X", "ghp_0123456789abcdefABCDEF0123456789abcd"),
            ("X", "sk-proj-abcDEF123456"),
            ("X", "a8f5f167f44f4964e6c998dee827110c"),
            ("X", "k9Jx2LmQ8vR4tYw7ZpA3"),
            ("DATABASE_URL", "postgres://app:hunter2@db.example.com/app"),
            ("url", "https://mcp.example.com/mcp?api_key=abcdefghij"),
            (
                "url",
                "https://mcp.example.com/s/YzE0NDk3NzItMDcxYi00NWQ5LTk1/mcp",
            ),
        ] {
            assert!(is_secret(name, value), "{name} = {value}");
        }
    }

    #[test]
    fn secrets_in_a_command_are_seen_and_nothing_else() {
        for (line, expected) in [
            ("npx|-y|tsx|db.ts", &[][..]),
            ("db|--api-key|hunter2|--verbose", &["hunter2"]),
            ("db|--token=hunter2|x", &["hunter2"]),
            ("db|ghp_0123456789abcdef0123", &["ghp_0123456789abcdef0123"]),
            ("db|--url=https://a.example/mcp|C:\\tools|a:b", &[]),
            ("db|postgres://u:pw@host/db", &["postgres://u:pw@host/db"]),
            (
                "npx|mcp-remote|https://a.example/mcp|--header|Authorization: Bearer hunter2",
                &["Bearer hunter2"],
            ),
            (
                "npx|mcp-remote|--header|X-Custom:hunter2|Authorization:Bearer ${T}",
                &["hunter2", "Bearer ${T}"],
            ),
            (
                "docker|run|-e|POSTGRES_PASSWORD=hunter3|-e|MODE=x|--rm|API_KEY=hunter4|DEBUG=true|TOKEN=",
                &["hunter3", "x", "hunter4"],
            ),
        ] {
            let found = in_command(line.split('|'));
            let found: Vec<_> = found.into_iter().flatten().collect();
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn what_is_none_stays_readable() {
        for (name, value) in [
            ("MAX_TOKENS", "4096"),
            ("TOKEN_LIMIT", "4096"),
            ("KEY_FILE", "/etc/keys/server.pem"),
            ("AUTH_ENABLED", "true"),
            ("LOG_LEVEL", "debug"),
            ("X", "@modelcontextprotocol/server-filesystem@2025.8.21"),
            ("X", "mcp-server-sqlite-2025-07-28-release"),
            ("X", "/home/user/projects/Some2Long3Path4Name"),
            ("DATABASE_URL", "postgres://localhost/app"),
            ("url", "https://mcp.example.com/v1/mcp?region=eu-central-1"),
            ("KEYBOARD", "de-latin1-nodeadkeys"),
        ] {
            assert!(!is_secret(name, value), "{name} = {value}");
        }
    }
}
