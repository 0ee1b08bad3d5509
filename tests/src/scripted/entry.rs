//! Scripted children as entries of a configuration file.

use serde_json::{Value, json};

use crate::peers::binary;

/// The entry of a stdio child with this script, given as JSON or as its text.
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers write the script in place"
)]
pub fn scripted(script: impl ToString) -> Value {
    json!({ "command": binary("scripted_child"), "args": [script.to_string()] })
}

/// A tool with an open schema.
pub fn tool(name: &str) -> Value {
    json!({ "name": name, "description": format!("{name}, as scripted."), "inputSchema": { "type": "object" } })
}

/// A plan that answers with this text.
pub fn says(text: &str) -> Value {
    json!({ "answer": { "result": { "content": [{ "type": "text", "text": text }] } } })
}

/// A script with the tools `echo`, `received` and `process`, which many tests want; `more` adds and replaces members.
pub fn basic(more: Value) -> Value {
    let mut script = json!({
        "tools": [tool("echo"), tool("received"), tool("process")],
        "calls": { "received": { "answer": "received" }, "process": { "answer": "process" } },
    });
    let Value::Object(more) = more else {
        panic!("a script is an object")
    };
    for (key, value) in more {
        match (&mut script[&key], value) {
            (Value::Array(known), Value::Array(more)) => known.extend(more),
            (Value::Object(known), Value::Object(more)) => known.extend(more),
            (known, value) => *known = value,
        }
    }
    script
}

/// The first text of a tool's result.
pub fn text(result: &Value) -> &str {
    result["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no text in {result}"))
}
