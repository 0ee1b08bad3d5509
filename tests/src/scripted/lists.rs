//! The lists of a scripted child, which can change while it runs.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::script::Script;

/// Entries by the name of the script's member: `tools`, `resources`, `templates`, `prompts`.
#[derive(Debug)]
pub(super) struct Lists {
    entries: HashMap<&'static str, Vec<Entry>>,
    /// Those that have no end.
    circles: HashSet<String>,
}

/// An entry as it is sent, and what it is called.
#[derive(Debug)]
struct Entry {
    json: Box<RawValue>,
    names: Vec<Value>,
}

impl Entry {
    fn new(json: Box<RawValue>) -> Self {
        let parsed: Value = serde_json::from_str(json.get()).unwrap_or_default();
        let names = ["name", "uri", "uriTemplate"].map(|key| parsed[key].clone());
        Self {
            json,
            names: names.into_iter().filter(Value::is_string).collect(),
        }
    }
}

impl Lists {
    pub(super) fn of(script: &Script) -> Self {
        let mut tools: Vec<_> = (0..script.generated_tools).map(generated).collect();
        tools.extend(script.tools.iter().cloned());
        let entries = [
            ("tools", tools),
            ("resources", script.resources.clone()),
            ("templates", script.templates.clone()),
            ("prompts", script.prompts.clone()),
        ];
        let entries =
            entries.map(|(list, entries)| (list, entries.into_iter().map(Entry::new).collect()));
        Self {
            entries: HashMap::from(entries),
            circles: HashSet::new(),
        }
    }

    /// What the lists say about the child's capabilities.
    pub(super) fn capabilities(&self, completes: bool) -> Value {
        let mut capabilities = json!({ "logging": {} });
        if !self.entries["tools"].is_empty() {
            capabilities["tools"] = json!({ "listChanged": true });
        }
        if !self.entries["resources"].is_empty() || !self.entries["templates"].is_empty() {
            capabilities["resources"] = json!({ "listChanged": true, "subscribe": true });
        }
        if !self.entries["prompts"].is_empty() {
            capabilities["prompts"] = json!({ "listChanged": true });
        }
        if completes {
            capabilities["completions"] = json!({});
        }
        capabilities
    }

    /// One page of a list; cursors are the index of the next entry.
    pub(super) fn page(&self, method: &str, params: &Value, size: usize) -> String {
        let (list, key) = match method {
            "tools/list" => ("tools", "tools"),
            "resources/list" => ("resources", "resources"),
            "resources/templates/list" => ("templates", "resourceTemplates"),
            _ => ("prompts", "prompts"),
        };
        let entries = &self.entries[list];
        let start = params["cursor"]
            .as_str()
            .and_then(|cursor| cursor.parse().ok())
            .unwrap_or(0)
            .min(entries.len());
        let end = if size == 0 {
            entries.len()
        } else {
            (start + size).min(entries.len())
        };
        let page: Vec<_> = entries[start..end]
            .iter()
            .map(|entry| entry.json.get())
            .collect();
        let cursor = if self.circles.contains(list) {
            r#","nextCursor":"0""#.to_owned()
        } else if end < entries.len() {
            format!(r#","nextCursor":"{end}""#)
        } else {
            String::new()
        };
        format!(r#"{{"{key}":[{}]{cursor}}}"#, page.join(","))
    }

    pub(super) fn has(&self, list: &str, name: &Value) -> bool {
        self.entries[list]
            .iter()
            .any(|entry| entry.names.contains(name))
    }

    /// Adds entries, and answers with the notification that tells of it.
    pub(super) fn add(&mut self, list: &str, more: Vec<Box<RawValue>>) -> &'static str {
        self.list(list).extend(more.into_iter().map(Entry::new));
        changed(list)
    }

    /// Takes the end off a list, and answers with the notification that tells of a change.
    pub(super) fn circle(&mut self, list: &str) -> &'static str {
        self.circles.insert(list.to_owned());
        changed(list)
    }

    /// Removes entries, and answers with the notification that tells of it.
    pub(super) fn remove(&mut self, list: &str, gone: &[String]) -> &'static str {
        let gone: Vec<Value> = gone.iter().map(|name| json!(name)).collect();
        self.list(list)
            .retain(|entry| !entry.names.iter().any(|name| gone.contains(name)));
        changed(list)
    }

    fn list(&mut self, list: &str) -> &mut Vec<Entry> {
        self.entries
            .get_mut(list)
            .unwrap_or_else(|| panic!("no list {list}"))
    }
}

fn changed(list: &str) -> &'static str {
    match list {
        "tools" => "notifications/tools/list_changed",
        "prompts" => "notifications/prompts/list_changed",
        _ => "notifications/resources/list_changed",
    }
}

fn generated(number: usize) -> Box<RawValue> {
    let property = |what: &str| json!({ "type": "string", "description": format!("The {what} to look for, if any.") });
    let tool = json!({
        "name": format!("tool_{number:04}"),
        "title": format!("Tool {number}"),
        "description": "Looks for things that match what is asked, and answers with the best of them in order.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "query": property("text"),
                "owner": property("owner"),
                "state": { "type": "string", "enum": ["open", "closed", "all"], "default": "open" },
                "limit": { "type": "integer", "minimum": 1, "maximum": 100, "default": 10 },
            },
        },
        "annotations": { "readOnlyHint": true, "openWorldHint": false },
    });
    RawValue::from_string(tool.to_string()).expect("it was JSON before")
}
