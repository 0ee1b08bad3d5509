//! A composition as a configuration file of ours.

use serde_json::{Map, Value, json};

use super::server::{Imported, Kind, Server};
use super::text::{Part, Text};

pub(super) fn config(imported: &Imported) -> String {
    let mut whole = Map::new();
    if let Some(separator) = imported.separator {
        whole.insert("separator".to_owned(), json!(separator));
    }
    let servers = imported.servers.iter();
    let servers = servers.map(|server| (server.namespace.clone(), entry(server)));
    whole.insert("mcpServers".to_owned(), Value::Object(servers.collect()));
    format!("{:#}\n", Value::Object(whole))
}

fn entry(server: &Server) -> Value {
    let mut entry = Map::new();
    let mut set = |key: &str, value: Value| {
        entry.insert(key.to_owned(), value);
    };
    let pairs = |pairs: &[(String, Text)]| -> Value {
        let pairs = pairs.iter();
        Value::Object(
            pairs
                .map(|(name, value)| (name.clone(), written(value)))
                .collect(),
        )
    };
    match &server.kind {
        Kind::Stdio {
            program,
            args,
            env,
            cwd,
        } => {
            set("command", written(program));
            set("args", args.iter().map(written).collect());
            if !env.is_empty() {
                set("env", pairs(env));
            }
            if let Some(cwd) = cwd {
                set("cwd", written(cwd));
            }
        }
        Kind::Http { url, headers } => {
            set("url", written(url));
            if !headers.is_empty() {
                set("headers", pairs(headers));
            }
        }
    }
    if let Some(seconds) = server.limits.start {
        set("initTimeout", json!(seconds));
    }
    if let Some(seconds) = server.limits.call {
        set("timeout", json!(seconds));
    }
    for (key, names) in [("tools", &server.tools), ("hide", &server.hide)] {
        if !names.is_empty() {
            set(key, json!(names));
        }
    }
    if server.off.is_some() {
        set("disabled", json!(true));
    }
    Value::Object(entry)
}

fn written(text: &Text) -> Value {
    let parts = text.0.iter().map(|part| match part {
        Part::Plain(plain) => plain.replace("${", "$${"),
        Part::Variable {
            name,
            default: None,
        } => format!("${{{name}}}"),
        Part::Variable {
            name,
            default: Some(default),
        } => format!("${{{name}:-{default}}}"),
    });
    Value::String(parts.collect())
}
