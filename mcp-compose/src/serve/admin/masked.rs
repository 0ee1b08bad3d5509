//! How a child was declared, without secrets.

use std::borrow::Cow;
use std::ffi::OsStr;

use crate::child::Environment;
use crate::compose::{ChildOptions, ChildSource, ChildSpec, Glob};
use crate::secret_text;

/// What stands for a value that is not shown.
const MASK: &str = "••••••";

/// What a child is, as names and values.
pub(super) fn lines(spec: &ChildSpec) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    match &spec.source {
        ChildSource::Stdio(stdio) => {
            let words = std::iter::once(&stdio.program).chain(&stdio.args);
            lines.push(("command", command(words.map(|word| word.to_string_lossy()))));
            if let Some(cwd) = &stdio.cwd {
                lines.push(("folder", cwd.display().to_string()));
            }
            // Whatever a variable is called, its value may be a secret.
            for (name, _) in &stdio.env {
                lines.push(("variable", format!("{}={MASK}", shown(name))));
            }
            let rest = match stdio.environment {
                Environment::Minimal => "minimal",
                Environment::Whole => "all of this process",
                Environment::Nothing => "nothing else",
            };
            lines.push(("environment", rest.to_owned()));
        }
        ChildSource::Http(http) => {
            lines.push(("url", address(&http.url)));
            for name in http.headers.keys() {
                lines.push(("header", format!("{name}: {MASK}")));
            }
            if http.auth.is_some() {
                lines.push(("credentials", "from a provider".to_owned()));
            }
        }
        ChildSource::Local(_) => lines.push(("runs", "in this process".to_owned())),
        _ => lines.push(("runs", "as a session of this process".to_owned())),
    }
    options(&spec.options, &mut lines);
    lines
}

fn options(options: &ChildOptions, lines: &mut Vec<(&'static str, String)>) {
    let usual = ChildOptions::default();
    let mut unusual = |name, value: String, is_usual: bool| {
        if !is_usual {
            lines.push((name, value));
        }
    };
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs_f64());
    unusual("timeout", seconds(options.timeout), false);
    let max = options.max_timeout;
    unusual("longest call", seconds(max), max == usual.max_timeout);
    let init = options.init_timeout;
    unusual("time to start", seconds(init), init == usual.init_timeout);
    let most = options.max_in_flight;
    unusual(
        "calls at once",
        most.to_string(),
        most == usual.max_in_flight,
    );
    unusual("lazy", "yes".to_owned(), !options.lazy);
    unusual("optional", "yes".to_owned(), !options.optional);
    for (what, filter) in [
        ("tools", &options.tools),
        ("prompts", &options.prompts),
        ("resources", &options.resources),
    ] {
        let patterns = filter.only.as_deref().map_or(0, <[Glob]>::len);
        let only = format!("{patterns} patterns");
        unusual(what, only, filter.only.is_none());
        let hidden = filter.hidden.len();
        unusual(
            "hidden",
            format!("{what} of {hidden} patterns"),
            hidden == 0,
        );
    }
    for (from, to) in &options.rename {
        unusual("renamed", format!("{from} to {to}"), false);
    }
}

/// A command line, with what may be a secret in it masked.
fn command<'w>(words: impl Iterator<Item = Cow<'w, str>>) -> String {
    let words: Vec<_> = words.collect();
    let secrets = secret_text::in_command(words.iter().map(AsRef::as_ref));
    let masked = words.iter().zip(secrets).map(|(word, secret)| {
        let open = secret.and_then(|secret| word.strip_suffix(secret));
        open.map_or_else(|| word.to_string(), |open| format!("{open}{MASK}"))
    });
    masked.collect::<Vec<_>>().join(" ")
}

/// A URL without its password, and with the values of its query masked. A path that looks like a secret is masked whole.
fn address(url: &url::Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    shown.set_query(None);
    shown.set_fragment(None);
    if secret_text::has_credentials(shown.as_str()) {
        shown.set_path("");
        return format!("{shown}{MASK}");
    }
    match url.query() {
        Some(_) => format!("{shown}?{MASK}"),
        None => shown.to_string(),
    }
}

fn shown(text: &OsStr) -> Cow<'_, str> {
    text.to_string_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_command_are_masked() {
        let words = [
            "npx",
            "mcp-remote",
            "--header",
            "Authorization: Bearer hunter2",
            "--token=x1y2z3",
            "-y",
        ];
        assert_eq!(
            command(words.into_iter().map(Cow::from)),
            "npx mcp-remote --header Authorization: •••••• --token=•••••• -y"
        );
    }

    #[test]
    fn secrets_in_an_address_are_masked() {
        for (url, expected) in [
            ("https://a.example/mcp", "https://a.example/mcp"),
            ("https://u:pw@a.example/mcp", "https://a.example/mcp"),
            (
                "https://a.example/mcp?key=hunter2",
                "https://a.example/mcp?••••••",
            ),
            (
                "https://a.example/sk-0123456789abcdef0123456789/mcp",
                "https://a.example/••••••",
            ),
        ] {
            assert_eq!(address(&url.parse().unwrap()), expected);
        }
    }
}
