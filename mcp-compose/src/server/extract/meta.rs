//! The `_meta` of a call.

use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::FromCall;
use crate::server::{Call, ToolError};

/// The `_meta` that the caller sent, as a JSON object; empty if it sent none.
///
/// ```
/// use mcp_compose::{Meta, mcp_server};
///
/// struct Search;
///
/// #[mcp_server]
/// impl Search {
///     /// Search the archive.
///     #[tool(read_only)]
///     fn search(&self, meta: Meta, words: String) -> String {
///         let language: Option<String> = meta.get("example.com/language");
///         format!("{words} in {}", language.unwrap_or_else(|| "any language".into()))
///     }
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Meta(Map<String, Value>);

impl Meta {
    /// The value under `key`, if there is one and it is a `T`.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        T::deserialize(self.0.get(key)?).ok()
    }
}

impl Deref for Meta {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromCall for Meta {
    fn from_call(call: &Call) -> Result<Self, ToolError> {
        match call.ctx().meta() {
            Value::Object(meta) => Ok(Self(meta)),
            _ => Ok(Self::default()),
        }
    }
}
