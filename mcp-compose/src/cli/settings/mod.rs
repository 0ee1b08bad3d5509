//! Settings files of other programs: one entry in them is put, replaced or removed, and every other byte stays.

mod file;
mod json;
mod toml;

use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

pub(super) use self::file::{CHANGED, backups, read, replace, write};
use crate::compose::Format;
use crate::line::line_and_column;

/// How a file is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// JSON, with comments and trailing commas where a client allows them.
    Json,
    Toml,
}

/// Why a file is left as it is.
#[derive(Debug, PartialEq)]
pub(super) struct Broken {
    /// From 1; `None` when it is not about one place.
    place: Option<(usize, usize)>,
    what: String,
}

impl Broken {
    fn at(text: &str, offset: usize, what: impl Into<String>) -> Self {
        Broken {
            place: Some(line_and_column(text, offset)),
            what: what.into(),
        }
    }

    fn whole(what: impl Into<String>) -> Self {
        Broken {
            place: None,
            what: what.into(),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// A stretch of the text, and what takes its place.
struct Edit {
    at: Range<usize>,
    with: String,
}

/// Where an entry stands: the table of all servers, and its name there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) table: &'a str,
    pub(super) name: &'a str,
}

impl Syntax {
    /// That of a file, by its extension: JSON unless it is `toml`.
    pub(super) fn of(file: &Path) -> Self {
        match Format::of(file) {
            Format::Json => Self::Json,
            Format::Toml => Self::Toml,
        }
    }

    /// What the file says; an empty one is an empty object.
    pub(super) fn value(self, text: &str) -> Result<Value, Broken> {
        let (_, body) = without_mark(text);
        match self {
            Syntax::Json => json::value(body),
            Syntax::Toml => toml::value(body),
        }
    }

    /// The entry, if there is one.
    pub(super) fn entry(self, text: &str, spot: Spot<'_>) -> Result<Option<Value>, Broken> {
        let mut whole = self.value(text)?;
        let entry = whole
            .get_mut(spot.table)
            .and_then(|table| table.get_mut(spot.name));
        Ok(entry.map(Value::take))
    }

    /// The text with `entry` put in, or in the place of the one that is there.
    pub(super) fn with(self, text: &str, spot: Spot<'_>, entry: &Value) -> Result<String, Broken> {
        let mut expected = self.value(text)?;
        let (mark, body) = without_mark(text);
        let edits = match self {
            Syntax::Json => json::put(body, spot, entry)?,
            Syntax::Toml => toml::put(body, spot, entry)?,
        };
        let whole = expected
            .as_object_mut()
            .ok_or_else(|| Broken::whole("is no object"))?;
        let table = whole
            .entry(spot.table)
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(table) = table.as_object_mut() {
            table.insert(spot.name.to_owned(), entry.clone());
        }
        self.checked(mark, body, edits, &expected)
    }

    /// The text without the entry; `None` when there is none. The table stays, empty if need be.
    pub(super) fn without(self, text: &str, spot: Spot<'_>) -> Result<Option<String>, Broken> {
        let mut expected = self.value(text)?;
        let table = expected.get_mut(spot.table).and_then(Value::as_object_mut);
        if table
            .and_then(|table| table.shift_remove(spot.name))
            .is_none()
        {
            return Ok(None);
        }
        let (mark, body) = without_mark(text);
        let edits = match self {
            Syntax::Json => json::remove(body, spot)?,
            Syntax::Toml => toml::remove(body, spot)?,
        };
        if self == Syntax::Toml
            && let Some(whole) = expected.as_object_mut()
            && whole
                .get(spot.table)
                .and_then(Value::as_object)
                .is_some_and(serde_json::Map::is_empty)
            && !body.contains(&format!("[{}]", spot.table))
        {
            // A table of tables is there by its tables only.
            whole.shift_remove(spot.table);
        }
        self.checked(mark, body, edits, &expected).map(Some)
    }

    /// Applies the edits, and looks at the outcome as a client would: nothing but the entry may differ.
    fn checked(
        self,
        mark: &str,
        body: &str,
        edits: Vec<Edit>,
        expected: &Value,
    ) -> Result<String, Broken> {
        let edited = apply(body, edits);
        match self.value(&edited) {
            Ok(value) if value == *expected => Ok(format!("{mark}{edited}")),
            _ => Err(Broken::whole(
                "is written in a way that cannot be edited safely; edit it by hand",
            )),
        }
    }
}

/// The byte order mark that editors on Windows write, and the rest.
fn without_mark(text: &str) -> (&str, &str) {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    (&text[..text.len() - body.len()], body)
}

/// Edits are in order and do not overlap.
fn apply(text: &str, edits: Vec<Edit>) -> String {
    let mut out = String::with_capacity(text.len() + 256);
    let mut from = 0;
    for Edit { at, with } in edits {
        out.push_str(&text[from..at.start]);
        out.push_str(&with);
        from = at.end;
    }
    out.push_str(&text[from..]);
    out
}

/// How the file ends its lines.
fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests;
