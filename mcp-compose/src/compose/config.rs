//! Compositions from a file: `compose.toml`, or the `mcpServers` form that MCP clients use.

mod expand;
mod format;
mod profiles;
mod questions;
mod reader;
mod server;
mod toml;
mod value;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use self::format::Format;
pub(crate) use self::reader::Unread;
use self::reader::{Context, Reader};
use self::value::Value;
use super::{Composition, CompositionBuilder, DeclaredChild, Namespace, Problem};
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
    /// The file is not of its format.
    #[error("{} is not {format}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// `JSON` or `TOML`.
        format: &'static str,
        /// Where and why.
        reason: String,
    },
    /// The file is of its format, but what it says is wrong.
    #[error("{}:{}", path.display(), Lines(mistakes))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All that is wrong: `place: what, and what to do`; in TOML with line and column before it.
        mistakes: Vec<String>,
    },
}

struct Lines<'a>(&'a [String]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// Keys of the file beside the children.
const SETTINGS: &[&str] = &[
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

/// A file that a composition was read from.
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    /// All but the children.
    settings: Value,
    /// The children of the composition, in its order: their keys, and what stands there. Equal ones make equal children.
    children: Vec<(String, Value)>,
}

impl ConfigFile {
    /// For each child of this file, where `before` had the same one, declared in the same words.
    pub(crate) fn kept_from(&self, before: &ConfigFile) -> Vec<Option<usize>> {
        let children = self.children.iter();
        children
            .map(|child| before.children.iter().position(|known| known == child))
            .collect()
    }

    /// Whether all but the children is as it was.
    pub(crate) fn has_settings_of(&self, before: &ConfigFile) -> bool {
        self.settings == before.settings
    }
}

impl fmt::Debug for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest may hold secrets.
        f.debug_tuple("ConfigFile").field(&self.path).finish()
    }
}

/// The composition in a file, which keeps what the file says.
pub(crate) fn read(path: &Path) -> Result<Composition, ConfigError> {
    let (composition, _) = read_file(path, None)?;
    Ok(composition)
}

/// As [`read`], where what is wrong with a child costs that one only.
pub(super) fn read_what_can_be(path: &Path) -> Result<(Composition, Vec<Unread>), ConfigError> {
    read_file(path, Some(Vec::new()))
}

fn read_file(
    path: &Path,
    unread: Option<Vec<Unread>>,
) -> Result<(Composition, Vec<Unread>), ConfigError> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().unwrap_or(Path::new("."));
    let text = crate::text_file::read(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let variable = |name: &str| std::env::var(name).ok();
    parse_what_can_be(&text, path, folder, &variable, unread)
}

/// Reads what could be a file of this name, for the fuzzers.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn parse_text(
    text: &str,
    name: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Composition, ConfigError> {
    parse(text, Path::new(name), Path::new("."), variable)
}

/// What `text` would be as a file of this path, whatever variables are set.
pub(crate) fn look_over(text: &str, path: &Path) -> Result<Composition, ConfigError> {
    let any = |_: &str| Some("x".to_owned());
    let (composition, _) = parse_what_can_be(text, path, Path::new("."), &any, None)?;
    Ok(composition)
}

/// What could be a file, read as a whole or not at all.
#[cfg(any(test, feature = "fuzzing"))]
fn parse(
    text: &str,
    path: &Path,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Composition, ConfigError> {
    let (composition, _) = parse_what_can_be(text, path, folder, variable, None)?;
    Ok(composition)
}

/// `folder` is where relative paths start; `variable` looks up the environment; `unread` is there where children with
/// mistakes are to be left out.
fn parse_what_can_be(
    text: &str,
    path: &Path,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
    unread: Option<Vec<Unread>>,
) -> Result<(Composition, Vec<Unread>), ConfigError> {
    let format = Format::of(path);
    // Editors on Windows write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (value, places) = format.parse(text).map_err(|reason| ConfigError::Syntax {
        path: path.to_owned(),
        format: format.name(),
        reason,
    })?;
    let mut context = Context {
        format,
        places,
        folder,
        variable,
        mistakes: Vec::new(),
        unread,
    };
    let mut declared = ConfigFile {
        path: path.to_owned(),
        settings: without_children(&value, format),
        children: Vec::new(),
    };
    let builder = file(value, &mut context, &mut declared.children);
    if context.mistakes.is_empty() {
        let mut composition = builder.build();
        composition.file = Some(declared);
        Ok((composition, context.unread.unwrap_or_default()))
    } else {
        Err(ConfigError::Mistakes {
            path: path.to_owned(),
            mistakes: reader::in_order(context.mistakes),
        })
    }
}

fn without_children(whole: &Value, format: Format) -> Value {
    let Value::Object(members) = whole else {
        return Value::Null;
    };
    let children = format.children();
    let settings = members
        .iter()
        .filter(|(key, _)| !children.contains(&&**key));
    Value::Object(settings.cloned().collect())
}

fn file(
    value: Value,
    context: &mut Context<'_>,
    declared: &mut Vec<(String, Value)>,
) -> CompositionBuilder {
    let mut builder = Composition::builder();
    let Some(mut file) = Reader::open("", value, context) else {
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
    let children = children(&mut file, &mut builder);
    unknown_keys(&mut file, &mut builder);
    if let Some((place, children)) = children {
        add_children(place, children, context, &mut builder, declared);
    }
    builder
}

/// The table of all children, and where it stands.
fn children(
    file: &mut Reader<'_, '_>,
    builder: &mut CompositionBuilder,
) -> Option<(&'static str, Value)> {
    let format = file.format();
    let names = format.children();
    let mut found: Vec<_> = names
        .iter()
        .filter_map(|name| Some((*name, file.take(name)?)))
        .collect();
    match found.len() {
        0 if format.is_of_clients() => {
            file.mistake_at("", format!("has no `{}`", names[0]));
        }
        0 => builder.problem(Problem::warning(
            "",
            "the file declares no children: add one with `mcp-compose add`, or as `[children.NAME]`",
        )),
        1 => {}
        _ => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            let names = names.join(" and ");
            file.mistake_at("", format!("has both {names}; keep one of them"));
            return None;
        }
    }
    found.pop()
}

/// Files of MCP clients hold more than servers: there, only what looks like a slip is a mistake.
fn unknown_keys(file: &mut Reader<'_, '_>, builder: &mut CompositionBuilder) {
    let format = file.format();
    let mut known: Vec<_> = format.children().iter().map(|key| (*key).into()).collect();
    known.extend(SETTINGS.iter().map(|key| format.spelled(key)));
    for key in file.rest() {
        let meant = match &*key {
            "mcpServers" | "mcp_servers" | "servers" => Some(format.children()[0]),
            _ => nearest(&key, known.iter().map(AsRef::as_ref)),
        };
        match meant {
            Some(meant) => file.mistake_at(&key, format!("unknown key; did you mean `{meant}`?")),
            None if key == "$schema" || (key == "inputs" && format.is_of_clients()) => {}
            None if format.is_of_clients() => {
                builder.problem(Problem::warning(&key, "unknown key, left out of account"));
            }
            None => {
                let known = known.join(", ");
                file.mistake_at(&key, format!("unknown key; known are {known}"));
            }
        }
    }
}

fn add_children(
    place: &str,
    children: Value,
    context: &mut Context<'_>,
    builder: &mut CompositionBuilder,
    declared: &mut Vec<(String, Value)>,
) {
    let Some(mut children) = Reader::open(place, children, context) else {
        return;
    };
    for (key, value) in children.take_all() {
        let declaration = (key.clone(), value.clone());
        let before = children.mistakes();
        let read = child_of(&key, place, value, &mut children, builder);
        if children.set_aside(&key, before) {
            continue;
        }
        if let Some((namespace, child)) = read {
            builder.add(namespace, child);
            declared.push(declaration);
        }
    }
}

/// The child under `key`; `None` if it is disabled or wrong.
fn child_of(
    key: &str,
    place: &str,
    value: Value,
    children: &mut Reader<'_, '_>,
    builder: &mut CompositionBuilder,
) -> Option<(Option<Namespace>, DeclaredChild)> {
    let (namespace, child) = server::read(children.inner(key, value)?)?;
    let namespace = match namespace {
        server::Prefix::None => None,
        server::Prefix::Named(namespace) => Some(namespace),
        server::Prefix::OfKey => Some(of_key(key, place, children, builder)?),
    };
    Some((namespace, child))
}

/// The namespace that a key stands for. Keys of clients' files may be anything, and are changed to the nearest.
fn of_key(
    key: &str,
    place: &str,
    children: &mut Reader<'_, '_>,
    builder: &mut CompositionBuilder,
) -> Option<Namespace> {
    let wrong = match Namespace::parse(key) {
        Ok(namespace) => return Some(namespace),
        Err(wrong) => wrong,
    };
    if !children.format().is_of_clients() {
        children.mistake_at(key, wrong);
        return None;
    }
    let Some(namespace) = Namespace::normalised(key) else {
        let message = "cannot be a namespace; set `\"namespace\"` to `[a-z][a-z0-9_-]*`";
        children.mistake_at(key, message);
        return None;
    };
    let place = format!("{place}.{}", key.escape_debug());
    let message = format!("is exposed as `{namespace}`; set `\"namespace\"` for another name");
    builder.problem(Problem::warning(place, message));
    Some(namespace)
}

#[cfg(test)]
mod tests;
