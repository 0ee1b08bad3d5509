//! The schema profile of typed servers: what every client and model provider accepts.
//!
//! Draft 2020-12 without `$schema`, subschemas inlined unless recursive, no `null` in inputs, one type each, standard
//! formats only. At the top stands an object with properties and without alternatives.

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
///
/// What is wrong with them goes to `problems`.
pub(super) fn of_arguments(
    tool: &str,
    arguments: &[Property],
    problems: &mut Vec<String>,
) -> Value {
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
                problems.push(format!(
                    "argument `{}` of tool `{tool}` cannot go into the header `{header}`: only text, integers and \
                     booleans can",
                    argument.name
                ));
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

/// The schema of arguments that are one type; `None` if clients would refuse it.
pub(super) fn of_whole(make: MakeSchema) -> Option<Value> {
    at_top(of_input(make)).ok()
}

/// Makes it a schema that may stand at the top, or gives it back: clients take an object without alternatives only.
fn at_top(mut schema: Value) -> Result<Value, Value> {
    let alternatives = ["oneOf", "anyOf", "allOf", "$ref"]
        .iter()
        .any(|key| schema.get(key).is_some());
    match &mut schema {
        Value::Object(keys) if !alternatives && keys.get("type") == Some(&json!("object")) => {
            // Maps have none.
            keys.entry("properties").or_insert_with(|| json!({}));
            Ok(schema)
        }
        _ => Err(schema),
    }
}

/// The schema of what is read.
pub(super) fn of_input(make: MakeSchema) -> Value {
    of(
        make,
        SchemaSettings::draft2020_12().for_deserialize(),
        Side::Input,
    )
}

/// The schema of a result, and whether that is wrapped as `{"result": ..}` because it cannot stand at the top.
pub(super) fn of_result(make: MakeSchema) -> (Value, bool) {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    match at_top(of(make, settings, Side::Output)) {
        Ok(schema) => (schema, false),
        Err(schema) => (wrapped(schema), true),
    }
}

/// The schema of `{"result": ..}`.
fn wrapped(schema: Value) -> Value {
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
    let Value::Object(keys) = schema else {
        // Anything: some clients know no booleans here.
        if *schema == Value::Bool(true) {
            *schema = json!({});
        }
        return;
    };
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
    split_types(keys);
    add_items(keys);
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
            "additionalProperties" if value.is_boolean() => {}
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

/// What says something about a value without deciding whether it is right.
const NOTES: [&str; 7] = [
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
];

/// What may decide about `null`; all else is about values of other types.
const GENERAL: [&str; 8] = [
    "anyOf", "oneOf", "allOf", "not", "if", "then", "else", "$ref",
];

/// A list of types becomes a choice between schemas of one type each: some providers refuse the list.
fn split_types(keys: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = keys.get("type") else {
        return;
    };
    let types = types.clone();
    let (notes, mut rest): (Map<_, _>, Map<_, _>) =
        std::mem::take(keys).into_iter().partition(|(key, _)| {
            NOTES.contains(&key.as_str()) || (key.starts_with('$') && key != "$ref")
        });
    *keys = notes;
    rest.remove("type");
    let choices = types.into_iter().map(|kind| {
        let null = kind == "null";
        let mut choice = Map::from_iter([("type".to_owned(), kind)]);
        for (key, value) in &rest {
            if !null || GENERAL.contains(&key.as_str()) {
                choice.insert(key.clone(), value.clone());
            }
        }
        if !null && let Some(Value::Array(values)) = choice.get_mut("enum") {
            values.retain(|value| !value.is_null());
        }
        Value::Object(choice)
    });
    keys.insert("anyOf".into(), choices.collect());
}

/// A list without `items` is refused by some providers, which do not know `prefixItems` either.
fn add_items(keys: &mut Map<String, Value>) {
    if keys.get("type") != Some(&json!("array")) || keys.contains_key("items") {
        return;
    }
    let items = match keys.get("prefixItems") {
        None => json!({}),
        // Only where there can be no others, which it would say something about.
        Some(Value::Array(first)) if keys.get("maxItems") == Some(&json!(first.len())) => {
            let mut kinds: Vec<&Value> = Vec::new();
            for kind in first {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            match kinds.as_slice() {
                [only] => (*only).clone(),
                several => json!({ "anyOf": several }),
            }
        }
        Some(_) => return,
    };
    keys.insert("items".into(), items);
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
