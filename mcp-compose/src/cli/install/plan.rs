//! What would become of one client's file.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::client::{Client, Reached};
use super::diff::diff;
use crate::cli::settings::{self, Spot};

/// A file and what is to become of it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) client: Client,
    pub(super) file: PathBuf,
    pub(super) outcome: Result<Change, Refused>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// It is as it should be.
    Nothing,
    Add(Written),
    Replace(Written),
    Remove(Written),
}

/// A file before and after; `None`: there is no file.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) diff: String,
}

/// Why nothing is to be done, and what would be if it were forced.
#[derive(Debug, PartialEq)]
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) diff: Option<String>,
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Refused { why, diff: None }
    }
}

impl Change {
    /// The word for it in JSON.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Change::Nothing => "unchanged",
            Change::Add(_) => "add",
            Change::Replace(_) => "replace",
            Change::Remove(_) => "remove",
        }
    }

    pub(super) fn written(&self) -> Option<&Written> {
        match self {
            Change::Nothing => None,
            Change::Add(written) | Change::Replace(written) | Change::Remove(written) => {
                Some(written)
            }
        }
    }
}

/// Puts `entry` into the client's file; `secrets` are values in it that are not shown.
pub(super) fn install(
    client: Client,
    file: &Path,
    name: &str,
    entry: &Value,
    secrets: &[&str],
    force: bool,
) -> Result<Change, Refused> {
    let spot = Spot {
        table: client.table(),
        name,
    };
    if config_of(entry).is_some_and(|config| is_same(Path::new(config), file)) {
        return Err(Refused::from(format!(
            "{} is the composition itself, which would start itself without end: copy it to a file of its own, and name that with `--config`",
            file.display()
        )));
    }
    let before = read(file)?;
    let text = before.as_deref().unwrap_or_default();
    let syntax = client.syntax();
    let broken = |wrong: settings::Broken| Refused::from(format!("{}: {wrong}", file.display()));
    let there = syntax.entry(text, spot).map_err(broken)?;
    if there.as_ref().is_some_and(|there| says(there, entry)) {
        return Ok(Change::Nothing);
    }
    let after = syntax.with(text, spot, entry).map_err(broken)?;
    let diff = diff(&file.to_string_lossy(), text, &after, secrets);
    if there.is_some() && !force {
        return Err(Refused {
            why: format!(
                "{} has an entry `{name}` that says something else; `--force` replaces it, `--name` adds another",
                file.display()
            ),
            diff: Some(diff),
        });
    }
    let written = Written {
        before,
        after: Some(after),
        diff,
    };
    Ok(if there.is_some() {
        Change::Replace(written)
    } else {
        Change::Add(written)
    })
}

/// Takes the entry out of the client's file, if it is one of this program.
pub(super) fn uninstall(
    client: Client,
    file: &Path,
    name: &str,
    ours: &Reached,
    force: bool,
) -> Result<Change, Refused> {
    let spot = Spot {
        table: client.table(),
        name,
    };
    let Some(before) = read(file)? else {
        return Ok(Change::Nothing);
    };
    let syntax = client.syntax();
    let broken = |wrong: settings::Broken| Refused::from(format!("{}: {wrong}", file.display()));
    let Some(there) = syntax.entry(&before, spot).map_err(broken)? else {
        return Ok(Change::Nothing);
    };
    if !force && !is_of(&there, ours) {
        return Err(Refused::from(format!(
            "the entry `{name}` of {} is for another program, or another composition; `--force` removes it all the same",
            file.display()
        )));
    }
    let after = match as_it_was(client, file, spot, &there, &before) {
        Some(was) => was,
        None => syntax.without(&before, spot).map_err(broken)?,
    };
    let shown = after.as_deref().unwrap_or_default();
    let diff = diff(&file.to_string_lossy(), &before, shown, &[]);
    Ok(Change::Remove(Written {
        before: Some(before),
        after,
        diff,
    }))
}

/// The text before the entry was put in, to the byte: a copy of which that entry makes what is there now. `Some(None)`:
/// there was no file.
///
/// Without it, what was `{}` and what was not there at all would be the same.
fn as_it_was(
    client: Client,
    file: &Path,
    spot: Spot<'_>,
    entry: &Value,
    now: &str,
) -> Option<Option<String>> {
    let syntax = client.syntax();
    let makes_it = |was: &str| syntax.with(was, spot, entry).is_ok_and(|with| with == now);
    for backup in settings::backups(file) {
        if let Ok(Some(was)) = settings::read(&backup)
            && makes_it(&was)
        {
            return Some(Some(was));
        }
    }
    (makes_it("") && !file.is_symlink()).then_some(None)
}

fn read(file: &Path) -> Result<Option<String>, Refused> {
    settings::read(file)
        .map_err(|error| Refused::from(format!("cannot read {}: {error}", file.display())))
}

/// Whether the entry says all that is wanted; what people and clients have added to it stays.
fn says(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| there.get(key).is_some_and(|there| says(there, value))),
        _ => there == wanted,
    }
}

/// Whether the entry is for this program: one that it could have written, from this place or another, for the same
/// composition.
fn is_of(entry: &Value, ours: &Reached) -> bool {
    let Some(command) = entry.get("command").and_then(Value::as_str) else {
        // Of a server that runs elsewhere nothing tells whose it is.
        let urls = ["url", "httpUrl", "serverUrl"];
        let url = urls.iter().find_map(|key| entry.get(key)?.as_str());
        return url.is_some_and(is_of_this_machine);
    };
    match ours {
        Reached::Started { program, args } => {
            let own = after_config(args.iter().map(String::as_str));
            Path::new(command).file_name() == Path::new(program).file_name()
                && (own.is_none() || config_of(entry) == own)
        }
        Reached::At(_) => false,
    }
}

fn is_of_this_machine(url: &str) -> bool {
    let url = url::Url::parse(url).ok();
    match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The composition's file that an entry names.
fn config_of(entry: &Value) -> Option<&str> {
    let args = entry.get("args")?.as_array()?;
    after_config(args.iter().filter_map(Value::as_str))
}

fn after_config<'a>(mut args: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    args.find(|arg| *arg == "--config")?;
    args.next()
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ours(args: &[&str]) -> Reached {
        Reached::Started {
            program: "/opt/mcp-compose".to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
        }
    }

    #[test]
    fn only_what_this_composition_could_have_written_is_its_own() {
        let args = ["serve", "--config", "/p2/compose.toml", "--stdio"];
        for (entry, own) in [
            (
                json!({ "command": "/usr/bin/mcp-compose", "args": args }),
                true,
            ),
            (
                json!({ "command": "mcp-compose", "args": ["serve", "--config", "/p1/compose.toml"] }),
                false,
            ),
            (json!({ "command": "mcp-compose" }), false),
            (json!({ "command": "node", "args": args }), false),
            (json!({ "url": "http://127.0.0.1:8808/mcp" }), true),
            (json!({ "url": "http://[::1]:8808/mcp" }), true),
            (json!({ "url": "https://mcp.example.com/mcp" }), false),
        ] {
            assert_eq!(is_of(&entry, &ours(&args)), own, "{entry}");
        }
        let factory = json!({ "command": "/old/mcp-compose", "args": ["--stdio"] });
        assert!(is_of(&factory, &ours(&["--stdio"])));
    }

    #[test]
    fn a_composition_is_not_entered_in_its_own_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("mcp.json");
        let before = "{\"mcpServers\": {}}\n";
        std::fs::write(&file, before).expect("written");
        let config = file.to_str().expect("text");
        let entry = json!({ "command": "mcp-compose", "args": ["serve", "--config", config] });
        let planned = install(Client::Cursor, &file, "tools", &entry, &[], true);
        let refused = planned.expect_err("it would start itself");
        assert!(
            refused.why.contains("is the composition itself"),
            "{}",
            refused.why
        );
        let other = folder.path().join("other.json");
        assert!(install(Client::Cursor, &other, "tools", &entry, &[], true).is_ok());
    }
}
