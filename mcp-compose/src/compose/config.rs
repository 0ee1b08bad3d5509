//! Compositions from a file in the `mcpServers` form that MCP clients use.

mod expand;
mod json;
mod profiles;
mod questions;
mod reader;
mod server;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use self::json::Json;
use self::reader::{Context, Reader};
use super::{Composition, CompositionBuilder, Namespace, Problem};
use crate::nearest::nearest;

/// Why a configuration file makes no composition.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not JSON.
    #[error("{} is not JSON: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The file is JSON, but what it says is wrong.
    #[error("{}:{}", path.display(), Lines(mistakes))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All that is wrong: `place: what, and what to do`.
        mistakes: Vec<String>,
    },
}

struct Lines<'a>(&'a [String]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// Keys of the file beside the servers.
const SETTINGS: &[&str] = &[
    "mcpServers",
    "servers",
    "name",
    "version",
    "title",
    "instructions",
    "separator",
    "maxName",
    "strict",
    "childEndpoints",
    "profiles",
];

pub(super) fn read(path: &Path) -> Result<Composition, ConfigError> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().unwrap_or(Path::new("."));
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let variable = |name: &str| std::env::var(name).ok();
    parse(&text, path, folder, &variable)
}

/// Reads what could be a file, for the fuzzers.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn parse_text(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Composition, ConfigError> {
    parse(text, Path::new("mcp.json"), Path::new("."), variable)
}

/// `folder` is where relative paths start; `variable` looks up the environment.
fn parse(
    text: &str,
    path: &Path,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Composition, ConfigError> {
    // Editors on Windows write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json: Json = serde_json::from_str(text).map_err(|source| ConfigError::Syntax {
        path: path.to_owned(),
        source,
    })?;
    let mut context = Context {
        folder,
        variable,
        mistakes: Vec::new(),
    };
    let builder = file(json, &mut context);
    if context.mistakes.is_empty() {
        Ok(builder.build())
    } else {
        Err(ConfigError::Mistakes {
            path: path.to_owned(),
            mistakes: context.mistakes,
        })
    }
}

fn file(json: Json, context: &mut Context<'_>) -> CompositionBuilder {
    let mut builder = Composition::builder();
    let Some(mut file) = Reader::open("", json, context) else {
        return builder;
    };
    if let Some(name) = file.text("name") {
        builder = builder.name(name);
    }
    if let Some(version) = file.text("version") {
        builder = builder.version(version);
    }
    if let Some(title) = file.text("title") {
        builder = builder.title(title);
    }
    if let Some(instructions) = file.text("instructions") {
        builder = builder.instructions(instructions);
    }
    if let Some(separator) = file.text("separator") {
        builder = builder.separator(separator);
    }
    if let Some(characters) = file.count("maxName") {
        builder = builder.max_name(characters);
    }
    if file.flag("strict") {
        builder = builder.strict();
    }
    if file.flag("childEndpoints") {
        builder = builder.child_endpoints();
    }
    builder = profiles::read(&mut file, builder);
    let servers = match (file.take("mcpServers"), file.take("servers")) {
        (Some(_), Some(_)) => {
            file.mistake("", "has both `mcpServers` and `servers`; keep one of them");
            None
        }
        (Some(servers), None) => Some(("mcpServers", servers)),
        (None, Some(servers)) => Some(("servers", servers)),
        (None, None) => {
            file.mistake("", "has no `mcpServers`");
            None
        }
    };
    // Files of MCP clients hold more than servers: only what looks like a slip is a mistake.
    for key in file.rest() {
        match nearest(&key, SETTINGS.iter().copied()) {
            Some(meant) => file.mistake(&key, format!("unknown key; did you mean `{meant}`?")),
            None if key == "$schema" || key == "inputs" => {}
            None => builder.problem(Problem::warning(&key, "unknown key, left out of account")),
        }
    }
    if let Some((place, servers)) = servers {
        add_servers(place, servers, context, &mut builder);
    }
    builder
}

fn add_servers(
    place: &str,
    servers: Json,
    context: &mut Context<'_>,
    builder: &mut CompositionBuilder,
) {
    let Some(mut servers) = Reader::open(place, servers, context) else {
        return;
    };
    let keys = servers.rest();
    for key in keys {
        let Some(server) = servers.take(&key) else {
            continue;
        };
        let Some(server) = servers.inner(&key, server) else {
            continue;
        };
        let Some((namespace, child)) = server::read(server) else {
            continue;
        };
        let namespace = match namespace {
            server::Prefix::None => None,
            server::Prefix::Named(namespace) => Some(namespace),
            server::Prefix::OfKey => match Namespace::parse(&key) {
                Ok(namespace) => Some(namespace),
                Err(_) => match Namespace::normalised(&key) {
                    Some(namespace) => {
                        let place = format!("{place}.{}", key.escape_debug());
                        let message = format!(
                            "is exposed as `{namespace}`; set `\"namespace\"` for another name"
                        );
                        builder.problem(Problem::warning(place, message));
                        Some(namespace)
                    }
                    None => {
                        let message =
                            "cannot be a namespace; set `\"namespace\"` to `[a-z][a-z0-9_-]*`";
                        servers.mistake(&key, message);
                        continue;
                    }
                },
            },
        };
        builder.add(namespace, child);
    }
}

#[cfg(test)]
mod tests;
