//! The schema profile of typed servers: what every client and model provider accepts.
//!
//! Draft 2020-12 without `$schema`, subschemas inlined unless recursive, no `null` in inputs, standard formats only.

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// What makes the schema of one type, within a generator that collects the recursive ones.
pub(super) type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

/// One property of the arguments.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) schema: MakeSchema,
    pub(super) required: bool,
    pub(super) default: Option<Value>,
    /// The header `Mcp-Param-*` that mirrors it.
    pub(super) header: Option<&'static str>,
}

/// The schema of arguments that are parameters.
pub(super) fn of_arguments(arguments: &[Property]) -> Value {
    let mut generator = inlining(SchemaSettings::draft2020_12().for_deserialize());
    let mut properties = Map::new();
    let mut required = Vec::new();
    for argument in arguments {
        let mut schema = (argument.schema)(&mut generator).to_value();
        tidy(&mut schema, Side::Input);
        let mut property = Map::new();
        // Else it is `true`: anything goes.
        if let Value::Object(keys) = schema {
            property.extend(keys);
        }
        property.remove("title");
        if !argument.doc.is_empty() {
            property.insert("description".into(), argument.doc.into());
        }
        if let Some(default) = &argument.default {
            property.insert("default".into(), default.clone());
        }
        if let Some(header) = argument.header {
            // Clients drop a tool that has the annotation on anything else.
            let kind = property.get("type").and_then(Value::as_str);
            if matches!(kind, Some("string" | "integer" | "boolean")) {
                property.insert("x-mcp-header".into(), header.into());
            } else {
                let argument = argument.name;
                tracing::error!(
                    argument,
                    "only text, integers and booleans go into a header"
                );
            }
        }
        properties.insert(argument.name.into(), Value::Object(property));
        if argument.required {
            required.push(argument.name);
        }
    }
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    schema.insert("additionalProperties".into(), false.into());
    add_definitions(&mut schema, &mut generator, Side::Input);
    Value::Object(schema)
}

/// The schema of arguments that are one type; `None` if it is not an object without alternatives, which clients refuse.
pub(super) fn of_whole(make: MakeSchema) -> Option<Value> {
    let schema = of_input(make);
    let alternatives = ["oneOf", "anyOf", "allOf"]
        .iter()
        .any(|key| schema.get(key).is_some());
    if alternatives || !super::output::is_object(&schema) {
        return None;
    }
    Some(schema)
}

/// The schema of what is read.
pub(super) fn of_input(make: MakeSchema) -> Value {
    of(
        make,
        SchemaSettings::draft2020_12().for_deserialize(),
        Side::Input,
    )
}

/// The schema of a result.
pub(super) fn of_result(make: MakeSchema) -> Value {
    of(
        make,
        SchemaSettings::draft2020_12().for_serialize(),
        Side::Output,
    )
}

/// The schema of `{"result": ..}`.
pub(super) fn wrapped(schema: Value) -> Value {
    let Value::Object(mut inner) = schema else {
        return json!({ "type": "object", "properties": { "result": {} }, "required": ["result"] });
    };
    // References point to the root.
    let definitions = inner.remove("$defs");
    let mut outer = Map::new();
    outer.insert("type".into(), "object".into());
    outer.insert("properties".into(), json!({ "result": inner }));
    outer.insert("required".into(), json!(["result"]));
    if let Some(definitions) = definitions {
        outer.insert("$defs".into(), definitions);
    }
    Value::Object(outer)
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Input,
    Output,
}

fn inlining(mut settings: SchemaSettings) -> SchemaGenerator {
    settings.meta_schema = None;
    settings.inline_subschemas = true;
    settings.into_generator()
}

fn of(make: MakeSchema, settings: SchemaSettings, side: Side) -> Value {
    let mut generator = inlining(settings);
    let mut schema = make(&mut generator).to_value();
    tidy(&mut schema, side);
    let Value::Object(mut schema) = schema else {
        return json!({});
    };
    schema.remove("title");
    add_definitions(&mut schema, &mut generator, side);
    Value::Object(schema)
}

fn add_definitions(schema: &mut Map<String, Value>, generator: &mut SchemaGenerator, side: Side) {
    let definitions = generator.take_definitions(true);
    if definitions.is_empty() {
        return;
    }
    let into = schema.entry("$defs").or_insert_with(|| json!({}));
    if let Value::Object(into) = into {
        for (name, mut definition) in definitions {
            tidy(&mut definition, side);
            into.entry(name).or_insert(definition);
        }
    }
}

/// The formats of draft 2020-12; `uint32` and the like make validators that assert formats fail.
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

/// Brings a schema and those in it into the profile. Values that are data, like `default`, stay as they are.
fn tidy(schema: &mut Value, side: Side) {
    let Value::Object(keys) = schema else { return };
    if keys
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| !FORMATS.contains(&format))
    {
        keys.remove("format");
    }
    if side == Side::Input {
        drop_null(keys);
    }
    for (key, value) in keys.iter_mut() {
        match key.as_str() {
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => {
                if let Value::Object(schemas) = value {
                    schemas.values_mut().for_each(|schema| tidy(schema, side));
                }
            }
            "oneOf" | "anyOf" | "allOf" | "prefixItems" => {
                if let Value::Array(schemas) = value {
                    schemas.iter_mut().for_each(|schema| tidy(schema, side));
                }
            }
            "items"
            | "additionalProperties"
            | "unevaluatedProperties"
            | "unevaluatedItems"
            | "contains"
            | "not"
            | "if"
            | "then"
            | "else"
            | "propertyNames" => tidy(value, side),
            _ => {}
        }
    }
}

/// `Option<T>` in an input is "not required", with the schema of `T`: some providers refuse a list of types.
fn drop_null(keys: &mut Map<String, Value>) {
    let null = json!("null");
    if let Some(Value::Array(types)) = keys.get_mut("type") {
        types.retain(|kind| *kind != null);
        if let [only] = types.as_slice() {
            let only = only.clone();
            keys.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = keys.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if keys.get("default").is_some_and(Value::is_null) {
        keys.remove("default");
    }
    if let Some(Value::Array(choices)) = keys.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&null));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            keys.remove("anyOf");
            for (key, value) in only {
                keys.entry(key).or_insert(value);
            }
        }
    }
}
