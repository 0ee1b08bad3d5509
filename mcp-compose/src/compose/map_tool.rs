//! The escape hatch for listed tools: a function of the user's edits or hides each.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;

use crate::child::entry;
use crate::child::listing::Kind;
use crate::wire::Raw;

/// Edits or hides a tool, as JSON.
#[derive(Clone)]
pub(crate) struct MapTool(Arc<dyn Fn(Value) -> Option<Value> + Send + Sync>);

impl MapTool {
    pub(crate) fn new<F, R>(map: F) -> Self
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Into<Option<Value>>,
    {
        Self(Arc::new(move |tool| map(tool).into()))
    }

    /// `first`, if there is one, and then this.
    pub(crate) fn after(self, first: Option<Self>) -> Self {
        match first {
            Some(first) => Self(Arc::new(move |tool| {
                (first.0)(tool).and_then(|tool| (self.0)(tool))
            })),
            None => self,
        }
    }

    /// What becomes of a tool: its name and the whole of it. `Ok(None)`: it is hidden.
    pub(crate) fn apply(
        &self,
        original: &str,
        raw: &str,
    ) -> Result<Option<(String, String)>, String> {
        let wrong = |what: &str| Err(format!("tool `{original}` is left out: `map_tool` {what}"));
        let Ok(tool) = serde_json::from_str(raw) else {
            return wrong("cannot read it");
        };
        // A panic of the user's costs the tool, not the catalog.
        match catch_unwind(AssertUnwindSafe(|| (self.0)(tool))) {
            Err(_) => wrong("panicked"),
            Ok(None) => Ok(None),
            Ok(Some(tool)) => {
                // As of any child: one malformed entry would cost strict clients the whole list.
                let tool = Raw::from_json(tool.to_string());
                match entry::check(Kind::Tools, &tool, tool.as_str()) {
                    Ok(entry) if !entry.original.is_empty() => {
                        Ok(Some((entry.original, entry.raw.as_str().to_owned())))
                    }
                    Ok(_) => wrong("gave something without a name"),
                    Err(why) => wrong(&format!("gave something else: {why}")),
                }
            }
        }
    }
}

impl fmt::Debug for MapTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MapTool")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(map: &MapTool) -> Result<Option<(String, String)>, String> {
        map.apply("a", r#"{"name":"a","inputSchema":{"type":"object"}}"#)
    }

    #[test]
    fn edits_hides_and_follows_another() {
        let named = MapTool::new(|mut tool: Value| {
            tool["name"] = json!("b");
            tool
        });
        let titled = MapTool::new(|mut tool: Value| {
            tool["title"] = tool["name"].clone();
            Some(tool)
        });
        let (name, tool) = applied(&titled.after(Some(named.clone())))
            .unwrap()
            .unwrap();
        assert_eq!(name, "b");
        let tool: Value = serde_json::from_str(&tool).unwrap();
        assert_eq!(
            tool,
            json!({"name": "b", "title": "b", "inputSchema": {"type": "object"}})
        );
        let hidden = MapTool::new(|_| None::<Value>);
        assert_eq!(applied(&hidden), Ok(None));
        assert_eq!(applied(&named.after(Some(hidden))), Ok(None));
    }

    #[test]
    fn what_is_no_tool_is_left_out() {
        let why = |map: &MapTool| applied(map).expect_err("it is no tool");
        assert_eq!(
            why(&MapTool::new(|_| json!([]))),
            "tool `a` is left out: `map_tool` gave something else: a tool is malformed and hidden: it is not a JSON object"
        );
        assert!(why(&MapTool::new(|_| json!({ "name": "b" }))).contains("`inputSchema`"));
        let nameless = json!({ "name": "", "inputSchema": { "type": "object" } });
        assert!(why(&MapTool::new(move |_| nameless.clone())).contains("without a name"));
        assert_eq!(
            why(&MapTool::new(|_| -> Value { panic!("of the user's") })),
            "tool `a` is left out: `map_tool` panicked"
        );
    }
}
