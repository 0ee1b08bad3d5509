//! Whether one listed entry is what the specification says, so that a strict client can take the
//! whole list. A malformed entry costs only itself.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::HashMap;

use super::listing::{Entry, Kind};
use crate::wire::{Object, Raw, scan};

/// Most bytes of one entry.
const MAX_BYTES: usize = 1024 * 1024;
/// Most values in one entry.
const MAX_NODES: usize = 50_000;
/// Deepest nesting of one entry: it is nested once more in a list, and in its message, and has to be read there.
const MAX_DEPTH: usize = 64;
/// Longest name or URI.
const MAX_NAME: usize = 4 * 1024;
/// Characters of a name or a reason that are shown.
const SHOWN: usize = 200;

/// Members that may be absent but not `null`: strict clients refuse the list otherwise, so a
/// `null` is taken out.
const OPTIONAL: [&str; 10] = [
    "title",
    "description",
    "outputSchema",
    "annotations",
    "icons",
    "_meta",
    "execution",
    "arguments",
    "mimeType",
    "size",
];

/// Checks one entry of a page and takes it out of it.
pub(crate) fn check(kind: Kind, page: &Raw, item: &str) -> Result<Entry, String> {
    let noun = kind.noun();
    if item.len() > MAX_BYTES {
        return Err(format!(
            "a {noun} of {} bytes is hidden; at most {MAX_BYTES} are allowed",
            item.len()
        ));
    }
    scan::check_within(item, MAX_NODES, MAX_DEPTH).map_err(|error| {
        format!(
            "a {noun} is malformed and hidden: {}",
            shown(&error.to_string())
        )
    })?;
    let mut object = Object::parse(item)
        .map_err(|error| format!("a {noun} is malformed and hidden: {error}"))?;
    let original = object
        .string(kind.key())
        .ok_or_else(|| format!("a {noun} has no `{}` and is hidden", kind.key()))?
        .into_owned();
    if original.len() > MAX_NAME {
        return Err(format!(
            "{noun} `{}` is hidden: its `{}` has more than {MAX_NAME} bytes",
            shown(&original),
            kind.key()
        ));
    }
    let repaired = repair(&mut object, kind).then(|| object.to_json());
    let text = repaired.as_deref().unwrap_or(item);
    let shape = match kind {
        Kind::Tools => serde_json::from_str::<Tool>(text).map(|_| ()),
        Kind::Prompts => serde_json::from_str::<Prompt>(text).map(|_| ()),
        Kind::Resources | Kind::Templates => serde_json::from_str::<Resource>(text).map(|_| ()),
    };
    shape.map_err(|error| {
        let error = error.to_string();
        // All of it is one line.
        let error = error.split(" at line ").next().unwrap_or_default();
        format!(
            "{noun} `{}` is malformed and hidden: {}",
            shown(&original),
            shown(error)
        )
    })?;
    let raw = match repaired {
        Some(text) => Raw::from_json(text),
        None => page.slice(item),
    };
    Ok(Entry { original, raw })
}

/// What a child said, as a log may show it: not too long, and without characters that deceive.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN).collect();
    let more = if short.len() < text.len() { ".." } else { "" };
    let plain = !short.chars().any(char::is_control);
    if plain && more.is_empty() {
        return short;
    }
    format!("{}{more}", short.escape_debug())
}

/// Mends what is plainly meant and would cost a strict client the whole list.
fn repair(object: &mut Object<'_>, kind: Kind) -> bool {
    let nulls: Vec<String> = object
        .iter()
        .filter(|(key, value)| *value == "null" && OPTIONAL.contains(key))
        .map(|(key, _)| key.to_owned())
        .collect();
    object.retain(|key| !nulls.iter().any(|null| null == key));
    let mut mended = !nulls.is_empty();
    if kind == Kind::Tools
        && let Some(schema) = object.get("inputSchema").map(str::to_owned)
        && let Ok(mut schema) = Object::parse(&schema)
        && schema.get("type").is_none()
    {
        schema.set("type", "\"object\"");
        object.set("inputSchema", schema.to_json());
        mended = true;
    }
    mended
}

type AnyObject = HashMap<String, IgnoredAny>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the shape is checked")]
struct Tool {
    name: String,
    title: Option<String>,
    description: Option<String>,
    input_schema: InputSchema,
    output_schema: Option<AnyObject>,
    annotations: Option<ToolAnnotations>,
    icons: Option<Vec<Icon>>,
    execution: Option<AnyObject>,
    #[serde(rename = "_meta")]
    meta: Option<AnyObject>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object as `inputSchema`")]
#[expect(dead_code, reason = "only the shape is checked")]
struct InputSchema {
    r#type: ObjectType,
    properties: Option<AnyObject>,
    required: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ObjectType {
    Object,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the shape is checked")]
struct ToolAnnotations {
    title: Option<String>,
    read_only_hint: Option<bool>,
    destructive_hint: Option<bool>,
    idempotent_hint: Option<bool>,
    open_world_hint: Option<bool>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the shape is checked")]
struct Icon {
    src: String,
    mime_type: Option<String>,
    sizes: Option<Vec<String>>,
    theme: Option<Theme>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    Light,
    Dark,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the shape is checked")]
struct Prompt {
    name: String,
    title: Option<String>,
    description: Option<String>,
    arguments: Option<Vec<PromptArgument>>,
    icons: Option<Vec<Icon>>,
    #[serde(rename = "_meta")]
    meta: Option<AnyObject>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
#[expect(dead_code, reason = "only the shape is checked")]
struct PromptArgument {
    name: String,
    title: Option<String>,
    description: Option<String>,
    required: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the shape is checked")]
struct Resource {
    name: String,
    title: Option<String>,
    description: Option<String>,
    mime_type: Option<String>,
    annotations: Option<Annotations>,
    icons: Option<Vec<Icon>>,
    #[serde(rename = "_meta")]
    meta: Option<AnyObject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the shape is checked")]
struct Annotations {
    audience: Option<Vec<String>>,
    priority: Option<f64>,
    last_modified: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(text: &str) -> Result<Entry, String> {
        let page = Raw::from_json(text.to_owned());
        check(Kind::Tools, &page, page.as_str())
    }

    #[test]
    fn a_good_entry_keeps_every_byte() {
        let page = Raw::from_static(
            r#"{ "name":"a", "inputSchema":{"type":"object","x":1.0}, "later":[ 1 ] }"#,
        );
        let entry = check(Kind::Tools, &page, page.as_str()).unwrap();
        assert_eq!(entry.raw.as_str(), page.as_str());
    }

    #[test]
    fn what_strict_clients_refuse_is_hidden_with_a_reason() {
        for (text, why) in [
            (r#"{"inputSchema":{"type":"object"}}"#, "no `name`"),
            (r#"{"name":"a"}"#, "`inputSchema`"),
            (r#"{"name":"a","inputSchema":null}"#, "invalid type: null"),
            (r#"{"name":"a","inputSchema":{"type":"array"}}"#, "array"),
            (
                r#"{"name":"a","inputSchema":{"type":"object"},"icons":[{"src":1}]}"#,
                "integer `1`",
            ),
            (
                r#"{"name":"a","inputSchema":{"type":"object"},"description":7}"#,
                "integer `7`",
            ),
        ] {
            let error = match tool(text) {
                Ok(entry) => panic!("{text} passed as {entry:?}"),
                Err(error) => error,
            };
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_null_in_place_of_an_optional_member_is_taken_out() {
        let text = r#"{"name":"a","description":null,"inputSchema":{"type":"object"},"x":null}"#;
        let entry = tool(text).unwrap();
        assert_eq!(
            entry.raw.as_str(),
            r#"{"name":"a","inputSchema":{"type":"object"},"x":null}"#
        );
    }
}
