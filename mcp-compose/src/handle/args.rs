//! Arguments of a call.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// The arguments of a call of a child: a JSON object. [`args!`](crate::args) makes one.
///
/// ```
/// use mcp_compose::Args;
///
/// let month = "2026-11";
/// let args = mcp_compose::args! { sql: "SELECT 1", month, "page-size": 20 };
/// assert_eq!(args.to_string(), r#"{"sql":"SELECT 1","month":"2026-11","page-size":20}"#);
/// assert_eq!(Args::from(serde_json::json!({"a": 1})).to_string(), r#"{"a":1}"#);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Args {
    values: Map<String, Value>,
    /// What could not be made JSON.
    wrong: Option<String>,
}

impl Args {
    /// No arguments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an argument. A value that cannot be JSON fails the call, which then is not made.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_value(value) {
            Ok(value) => {
                self.values.insert(name, value);
            }
            Err(error) => {
                let wrong = format!("argument `{name}` cannot be JSON: {error}");
                self.wrong.get_or_insert(wrong);
            }
        }
        self
    }

    /// The JSON object, or what is wrong.
    pub(super) fn into_json(self) -> Result<String, String> {
        match self.wrong {
            Some(wrong) => Err(wrong),
            None => Ok(Value::Object(self.values).to_string()),
        }
    }
}

impl fmt::Display for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string(&self.values).map_err(|_| fmt::Error)?;
        f.write_str(&json)
    }
}

impl From<()> for Args {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl From<Map<String, Value>> for Args {
    fn from(values: Map<String, Value>) -> Self {
        Self {
            values,
            wrong: None,
        }
    }
}

impl From<Value> for Args {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(values) => Self::from(values),
            Value::Null => Self::new(),
            other => Self {
                values: Map::new(),
                wrong: Some(format!("arguments are a JSON object, not `{other}`")),
            },
        }
    }
}

/// Arguments of a call: `name: value`, `name` alone for a variable of that name, `"any name": value`.
/// Values are anything that serde can serialise.
///
/// ```
/// use mcp_compose::args;
///
/// let month = "2026-11";
/// let with_all = args! { sql: "SELECT 1", month, "page-size": 20 };
/// let none = args! {};
/// assert_eq!(none.to_string(), "{}");
/// ```
#[macro_export]
macro_rules! args {
    ($($given:tt)*) => {
        $crate::__args!($crate::Args::new(); $($given)*)
    };
}

/// One argument after the other; see [`args!`](crate::args).
#[doc(hidden)]
#[macro_export]
macro_rules! __args {
    ($args:expr;) => { $args };
    ($args:expr; $name:ident : $value:expr $(, $($more:tt)*)?) => {
        $crate::__args!($args.with(::core::stringify!($name), $value); $($($more)*)?)
    };
    ($args:expr; $name:literal : $value:expr $(, $($more:tt)*)?) => {
        $crate::__args!($args.with($name, $value); $($($more)*)?)
    };
    ($args:expr; $name:ident $(, $($more:tt)*)?) => {
        $crate::__args!($args.with(::core::stringify!($name), &$name); $($($more)*)?)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_json_is_told_and_not_sent() {
        let unnamed = std::collections::HashMap::from([(vec![1], 1)]);
        let wrong = crate::args! { ok: 1, map: unnamed }
            .into_json()
            .unwrap_err();
        assert!(
            wrong.starts_with("argument `map` cannot be JSON: "),
            "{wrong}"
        );
        let wrong = Args::from(serde_json::json!([1])).into_json().unwrap_err();
        assert_eq!(wrong, "arguments are a JSON object, not `[1]`");
    }
}
