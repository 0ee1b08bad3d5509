//! The profile that every client and model provider takes.

use serde_json::{Map, Value};

/// The formats of JSON Schema 2020-12.
const FORMATS: [&str; 19] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uuid",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// What of a listed schema is outside of the profile, each with its place.
pub(crate) fn breaches(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if schema["type"] != "object" {
        found.push("#: `type` is not `object`".to_owned());
    }
    if !schema["properties"].is_object() {
        found.push("#: has no `properties`".to_owned());
    }
    for key in ["oneOf", "anyOf", "allOf", "not", "enum", "$ref"] {
        if schema.get(key).is_some() {
            found.push(format!("#: has `{key}` at the top"));
        }
    }
    walk(schema, schema, "#", &mut found);
    found
}

fn walk(root: &Value, schema: &Value, at: &str, found: &mut Vec<String>) {
    let Value::Object(keys) = schema else {
        if !at.ends_with("/additionalProperties") {
            found.push(format!("{at}: is a boolean"));
        }
        return;
    };
    let mut say = |what: &str| found.push(format!("{at}: {what}"));
    if keys.get("type").is_some_and(Value::is_array) {
        say("`type` is a list");
    }
    if keys.contains_key("nullable") {
        say("`nullable` is of another dialect");
    }
    if keys.contains_key("$schema") {
        say("`$schema` is not needed");
    }
    if keys.contains_key("definitions") {
        say("`definitions` is of another draft");
    }
    if let Some(format) = keys.get("format")
        && !FORMATS.iter().any(|known| format == known)
    {
        say(&format!("no standard knows the format {format}"));
    }
    if keys.get("type").is_some_and(|kind| kind == "array") && !keys.contains_key("items") {
        say("a list without `items`");
    }
    if let Some(Value::String(target)) = keys.get("$ref")
        && !recursive(root, target)
    {
        say(&format!("{target} does not contain itself"));
    }
    for (place, inner) in subschemas(keys) {
        walk(root, inner, &format!("{at}/{place}"), found);
    }
}

/// Whether what a reference names leads back to itself.
fn recursive(root: &Value, target: &str) -> bool {
    fn leads_to(schema: &Value, target: &str) -> bool {
        match schema {
            Value::Object(keys) => {
                keys.get("$ref").is_some_and(|found| found == target)
                    || keys.values().any(|inner| leads_to(inner, target))
            }
            Value::Array(items) => items.iter().any(|inner| leads_to(inner, target)),
            _ => false,
        }
    }
    let named = target
        .strip_prefix('#')
        .and_then(|pointer| root.pointer(pointer));
    named.is_some_and(|named| leads_to(named, target))
}

fn subschemas(keys: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (key, value) in keys {
        match (key.as_str(), value) {
            ("properties" | "patternProperties" | "$defs", Value::Object(schemas)) => {
                found.extend(
                    schemas
                        .iter()
                        .map(|(name, schema)| (format!("{key}/{name}"), schema)),
                );
            }
            ("oneOf" | "anyOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                found.extend(
                    schemas
                        .iter()
                        .enumerate()
                        .map(|(index, schema)| (format!("{key}/{index}"), schema)),
                );
            }
            ("items" | "additionalProperties" | "not" | "propertyNames", schema) => {
                found.push((key.clone(), schema));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn each_breach_is_found() {
    let wrong = serde_json::json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "oneOf": [],
        "properties": {
            "a": { "type": ["string", "null"] },
            "b": { "type": "string", "nullable": true },
            "c": { "type": "array" },
            "d": { "$ref": "#/$defs/d" },
            "e": { "items": { "format": "uint8" } },
        },
        "$defs": { "d": { "type": "string" } },
    });
    assert_eq!(
        breaches(&wrong),
        [
            "#: has `oneOf` at the top",
            "#: `$schema` is not needed",
            "#/properties/a: `type` is a list",
            "#/properties/b: `nullable` is of another dialect",
            "#/properties/c: a list without `items`",
            "#/properties/d: #/$defs/d does not contain itself",
            "#/properties/e/items: no standard knows the format \"uint8\"",
        ]
    );
    assert_eq!(breaches(&serde_json::json!(true)).len(), 3);
}
