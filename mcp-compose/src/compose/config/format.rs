//! The formats of configuration files: how each is parsed, and how it writes what is ours.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use super::value::Value;
use crate::line::line_and_column;

/// How a file is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `mcpServers`, as MCP clients have it.
    Json,
    /// `compose.toml`.
    Toml,
}

/// Where the keys of a file stand, by their paths.
#[derive(Default)]
pub(super) struct Places {
    pub(super) text: String,
    pub(super) offsets: HashMap<String, usize>,
}

impl Places {
    /// The line and the column of `path`, from 1.
    pub(super) fn of(&self, path: &str) -> Option<(usize, usize)> {
        let offset = self.offsets.get(path)?;
        Some(line_and_column(&self.text, *offset))
    }
}

impl Format {
    /// The format of a file: by its extension, JSON unless that is `toml`.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("toml") => Self::Toml,
            _ => Self::Json,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Toml => "TOML",
        }
    }

    /// What the file says, and where.
    pub(super) fn parse(self, text: &str) -> Result<(Value, Places), String> {
        match self {
            Self::Json => serde_json::from_str(text)
                .map(|value| (value, Places::default()))
                .map_err(|wrong| wrong.to_string()),
            Self::Toml => super::toml::parse(text),
        }
    }

    /// Whether the file is one of clients, with much in it that is not for us.
    pub(super) fn is_of_clients(self) -> bool {
        self == Self::Json
    }

    /// The keys under which children may stand; the first is the one to use.
    pub(crate) fn children(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["mcpServers", "servers"],
            Self::Toml => &["children"],
        }
    }

    /// A key of ours, such as `maxTimeout`, as the format writes it: `max_timeout` in TOML.
    pub(super) fn spelled(self, key: &'static str) -> Cow<'static, str> {
        if self == Self::Json || !key.contains(char::is_uppercase) {
            return Cow::Borrowed(key);
        }
        let mut out = String::with_capacity(key.len() + 2);
        for c in key.chars() {
            if c.is_ascii_uppercase() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        }
        Cow::Owned(out)
    }

    /// An object with one member, for people.
    pub(super) fn member(self, key: &str) -> String {
        match self {
            Self::Json => format!("{{\"{key}\": ..}}"),
            Self::Toml => format!("{{ {key} = .. }}"),
        }
    }

    /// What an object is called.
    pub(super) fn object(self) -> &'static str {
        match self {
            Self::Json => "an object",
            Self::Toml => "a table",
        }
    }

    /// What a value is, for people.
    pub(super) fn kind(self, value: &Value) -> &'static str {
        match value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => self.object(),
            Value::Date => "a date",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelled_as_the_format_does() {
        assert_eq!(Format::Json.spelled("maxTimeout"), "maxTimeout");
        assert_eq!(Format::Toml.spelled("maxTimeout"), "max_timeout");
        assert_eq!(Format::Toml.spelled("maxInFlight"), "max_in_flight");
        assert_eq!(Format::Toml.spelled("cwd"), "cwd");
    }

    #[test]
    fn the_extension_says_which() {
        assert_eq!(Format::of(Path::new("a/compose.toml")), Format::Toml);
        assert_eq!(Format::of(Path::new("A.TOML")), Format::Toml);
        assert_eq!(Format::of(Path::new(".mcp.json")), Format::Json);
        assert_eq!(Format::of(Path::new("toml")), Format::Json);
    }
}
