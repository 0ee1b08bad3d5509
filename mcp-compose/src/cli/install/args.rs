//! The arguments of `install` and `uninstall`.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::client::{Client, Scope};

/// Which entry, and where.
#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct Place {
    /// The clients; without one, those on this machine are listed and nothing is written.
    #[arg(value_enum, value_name = "CLIENT")]
    pub(super) clients: Vec<Client>,
    /// What the entry is called [default: the composition's name].
    #[arg(long, value_name = "NAME", value_parser = entry_name)]
    pub(super) name: Option<String>,
    /// Whose settings, where the client has both.
    #[arg(long, value_enum, default_value_t, value_name = "SCOPE")]
    pub(super) scope: Scope,
    /// Another settings file than the client's own; for one client.
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Show what would change, and write nothing.
    #[arg(long)]
    pub(super) print: bool,
    /// Write without asking.
    #[arg(short, long, conflicts_with = "print")]
    pub(super) yes: bool,
    /// Also change an entry that says something else than this program would.
    #[arg(long)]
    pub(super) force: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `install`.
#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct InstallArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// Have clients connect to this URL, where you serve it, instead of starting this program.
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub(super) http: Option<String>,
    /// A variable of the environment that this program needs from the client; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = variable_name, conflicts_with = "http")]
    pub(super) env: Vec<String>,
    /// Write the present values of those variables into the file as plain text, not references to them.
    #[arg(long, requires = "env")]
    pub(super) env_values: bool,
}

/// Arguments of `uninstall`.
#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct UninstallArgs {
    #[command(flatten)]
    pub(super) place: Place,
}

/// What every client takes as the name of an entry.
fn entry_name(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if text.is_empty() || text.len() > 64 || !text.chars().all(legal) {
        return Err("expected up to 64 letters, digits, `_` and `-`".to_owned());
    }
    Ok(text.to_owned())
}

/// The nearest name to that of a composition, which may be any text.
pub(super) fn name_of(composition: &str) -> String {
    let mut name = String::new();
    for c in composition.chars() {
        let c = if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        };
        if !(c == '-' && (name.is_empty() || name.ends_with('-'))) {
            name.push(c);
        }
    }
    name.truncate(64);
    let name = name.trim_end_matches('-');
    if name.is_empty() { "mcp-compose" } else { name }.to_owned()
}

fn http_url(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text.to_owned()),
        _ => Err("expected a URL, such as http://127.0.0.1:8808/mcp".to_owned()),
    }
}

fn variable_name(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.contains('=') {
        return Err(
            "give the name alone; `--env-values` writes the value that it has now".to_owned(),
        );
    }
    if text.is_empty() || !text.chars().all(legal) || text.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err("expected the name of a variable".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_composition_has_a_name_that_clients_take() {
        for (name, expected) in [
            ("factory", "factory"),
            ("My Factory (test)", "My-Factory-test"),
            ("日本", "mcp-compose"),
            (&"x".repeat(80), &"x".repeat(64)),
        ] {
            assert_eq!(name_of(name), expected);
            assert!(entry_name(&name_of(name)).is_ok());
        }
        for wrong in ["", "a b", "a.b", &"x".repeat(65)] {
            assert!(entry_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_variable_is_named_and_not_set() {
        assert!(variable_name("API_KEY").is_ok());
        assert!(variable_name("API_KEY=x").is_err_and(|why| why.contains("--env-values")));
        assert!(variable_name("1").is_err());
    }
}
