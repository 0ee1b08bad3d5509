//! The form of a question: the flat subset of JSON Schema that clients can show to a person.
//!
//! Spec: `requestedSchema` of `elicitation/create`.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::schema;

/// The formats that a text field may have. Others are left out: the type checks what it reads.
const FORMATS: [&str; 4] = ["email", "uri", "date", "date-time"];
/// What people read.
const LABELS: [&str; 3] = ["title", "description", "default"];
/// What says nothing about an answer.
const IDLE: [&str; 6] = [
    "$comment",
    "deprecated",
    "examples",
    "readOnly",
    "uniqueItems",
    "writeOnly",
];

/// The form that asks for a `T`, or why there is none.
pub(super) fn of<T: JsonSchema>() -> Result<Value, String> {
    let schema = schema::of_input(SchemaGenerator::subschema_for::<T>);
    requested(&schema)
        .map_err(|problem| format!("`{}` cannot be asked for: {problem}", T::schema_name()))
}

/// What is wrong with what was filled in. The form says more than a type does: ranges, lengths.
pub(super) fn check(form: &Value, content: &str) -> Result<(), String> {
    let content: Value = serde_json::from_str(content).map_err(|error| error.to_string())?;
    let validator = jsonschema::validator_for(form).map_err(|error| error.to_string())?;
    validator.validate(&content).map_err(|error| {
        let place = error.instance_path().to_string();
        format!(
            "at `{}`: {error}",
            if place.is_empty() { "/" } else { &place }
        )
    })
}

fn requested(schema: &Value) -> Result<Value, String> {
    let flat = "a form is one object of texts, numbers, booleans and choices";
    if schema["type"] != "object" {
        return Err(flat.into());
    }
    if ["oneOf", "anyOf", "allOf", "$ref"]
        .iter()
        .any(|key| schema.get(key).is_some())
    {
        return Err(format!("it has alternatives; {flat}"));
    }
    if schema["additionalProperties"].is_object() {
        return Err(format!("it takes any name; {flat}"));
    }
    let mut properties = Map::new();
    if let Some(Value::Object(fields)) = schema.get("properties") {
        for (name, schema) in fields {
            let field =
                field(schema).map_err(|problem| format!("field `{name}` {problem}; {flat}"))?;
            properties.insert(name.clone(), Value::Object(field));
        }
    }
    let mut form = Map::new();
    form.insert("type".into(), "object".into());
    form.insert("properties".into(), Value::Object(properties));
    if let Some(required) = schema.get("required") {
        form.insert("required".into(), required.clone());
    }
    Ok(Value::Object(form))
}

fn field(schema: &Value) -> Result<Map<String, Value>, String> {
    let Value::Object(schema) = schema else {
        return Err("can be anything".into());
    };
    let mut rest = schema.clone();
    let mut field = Map::new();
    let kind = rest.shift_remove("type");
    let kind = match kind.as_ref().map(|kind| (kind, kind.as_str())) {
        Some((_, Some(kind))) => Some(kind),
        Some((kinds, None)) => return Err(format!("is one of {kinds}")),
        None => None,
    };
    let choices = choices(&mut rest)?;
    match (kind, choices) {
        (None | Some("string"), Some(choices)) => {
            field.insert("type".into(), "string".into());
            field.extend(choices.of_one());
            keep(&mut rest, &mut field, &["enumNames"]);
        }
        (Some("string"), None) => {
            field.insert("type".into(), "string".into());
            keep(&mut rest, &mut field, &["minLength", "maxLength"]);
            let format = rest.shift_remove("format");
            if let Some(format) = format.filter(|format| {
                format
                    .as_str()
                    .is_some_and(|format| FORMATS.contains(&format))
            }) {
                field.insert("format".into(), format);
            }
        }
        (Some(kind @ ("integer" | "number")), None) => {
            field.insert("type".into(), kind.into());
            keep(&mut rest, &mut field, &["minimum", "maximum"]);
        }
        (Some("boolean"), None) => {
            field.insert("type".into(), "boolean".into());
        }
        (Some("array"), None) => {
            let items = match rest.shift_remove("items") {
                Some(Value::Object(items)) if !items.is_empty() => items,
                _ => return Err("is a list of anything".into()),
            };
            field.insert("type".into(), "array".into());
            field.insert("items".into(), several(items)?);
            keep(&mut rest, &mut field, &["minItems", "maxItems"]);
        }
        (Some("object"), _) => return Err("is an object".into()),
        (Some(kind), _) => return Err(format!("is a {kind}")),
        (None, None) if rest.keys().all(|key| LABELS.contains(&key.as_str())) => {
            return Err("can be anything".into());
        }
        (None, None) => return Err("is not one of these".into()),
    }
    keep(&mut rest, &mut field, &LABELS);
    match rest.keys().find(|key| !IDLE.contains(&key.as_str())) {
        Some(key) => Err(format!("has `{key}`, which no form can show")),
        None => Ok(field),
    }
}

/// The items of a list of which several can be chosen.
fn several(mut items: Map<String, Value>) -> Result<Value, String> {
    let Some(choices) = choices(&mut items)? else {
        return Err("is a list of something other than choices".into());
    };
    Ok(match choices {
        Choices::Plain(values) => json!({ "type": "string", "enum": values }),
        Choices::Titled(values) => json!({ "anyOf": values }),
    })
}

fn keep(from: &mut Map<String, Value>, into: &mut Map<String, Value>, keys: &[&str]) {
    for key in keys {
        if let Some(value) = from.shift_remove(*key) {
            into.insert((*key).to_owned(), value);
        }
    }
}

enum Choices {
    Plain(Vec<Value>),
    /// `{const, title}` each.
    Titled(Vec<Value>),
}

impl Choices {
    fn of_one(self) -> Map<String, Value> {
        let (key, values) = match self {
            Self::Plain(values) => ("enum", values),
            Self::Titled(values) => ("oneOf", values),
        };
        Map::from_iter([(key.to_owned(), Value::Array(values))])
    }
}

/// Takes the choices out of a schema that has some. A title, or else the documentation, is what a
/// person reads.
fn choices(schema: &mut Map<String, Value>) -> Result<Option<Choices>, String> {
    let mut found: Vec<(String, Option<Value>)> = Vec::new();
    let alternatives = ["oneOf", "anyOf"]
        .iter()
        .find_map(|key| schema.shift_remove(*key));
    match alternatives {
        Some(Value::Array(alternatives)) => {
            for alternative in &alternatives {
                let label = ["title", "description"]
                    .iter()
                    .find_map(|key| alternative.get(key))
                    .cloned();
                for value in values(alternative) {
                    found.push((text(value)?, label.clone()));
                }
            }
            if found.is_empty() {
                return Err("has alternatives that are no choices".into());
            }
        }
        Some(_) => return Err("has alternatives that are no list".into()),
        None => {
            let plain = Value::Object(schema.clone());
            for value in values(&plain) {
                found.push((text(value)?, None));
            }
            schema.shift_remove("enum");
            schema.shift_remove("const");
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    if found.iter().all(|(_, label)| label.is_none()) {
        let values = found.into_iter().map(|(value, _)| value.into());
        return Ok(Some(Choices::Plain(values.collect())));
    }
    let titled = found.into_iter().map(|(value, label)| {
        let title = label.unwrap_or_else(|| value.clone().into());
        json!({ "const": value, "title": title })
    });
    Ok(Some(Choices::Titled(titled.collect())))
}

/// The values that a schema allows by name.
fn values(schema: &Value) -> Vec<&Value> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => vec![value],
        (None, Some(Value::Array(values))) => values.iter().collect(),
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(format!("has the choice {other}, which is not text")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(dead_code, reason = "only their schemas are read")]

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::of;

    #[derive(Deserialize, Serialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    #[derive(Deserialize, JsonSchema)]
    enum Color {
        /// Like a rose.
        Red,
        #[schemars(title = "Green, really")]
        Green,
        Blue,
    }

    fn large() -> Size {
        Size::Large
    }

    fn friend() -> String {
        "friend".into()
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Flat {
        /// Who.
        #[serde(default = "friend")]
        #[schemars(length(min = 1, max = 20))]
        name: String,
        #[schemars(email)]
        mail: String,
        age: Option<u8>,
        #[schemars(range(min = 0.5, max = 9.5))]
        score: f64,
        #[serde(default)]
        sure: bool,
        #[serde(default = "large")]
        size: Size,
        /// Which one.
        color: Option<Color>,
        #[schemars(length(max = 2))]
        sizes: Vec<Size>,
        colors: Vec<Color>,
        #[schemars(extend("enum" = ["a", "b"], "enumNames" = ["A", "B"]))]
        old: String,
    }

    #[test]
    fn every_kind_of_field_has_its_form() {
        let red = json!({ "const": "Red", "title": "Like a rose." });
        let form = of::<Flat>().unwrap();
        let properties = &form["properties"];
        for (field, expected) in [
            (
                "name",
                json!({ "type": "string", "minLength": 1, "maxLength": 20, "description": "Who.", "default": "friend" }),
            ),
            ("mail", json!({ "type": "string", "format": "email" })),
            (
                "age",
                json!({ "type": "integer", "minimum": 0, "maximum": 255 }),
            ),
            (
                "score",
                json!({ "type": "number", "minimum": 0.5, "maximum": 9.5 }),
            ),
            ("sure", json!({ "type": "boolean", "default": false })),
            (
                "size",
                json!({ "type": "string", "enum": ["small", "large"], "default": "large" }),
            ),
            (
                "sizes",
                json!({ "type": "array", "items": { "type": "string", "enum": ["small", "large"] }, "maxItems": 2 }),
            ),
            (
                "old",
                json!({ "type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"] }),
            ),
        ] {
            assert_eq!(properties[field], expected, "{field}");
        }
        let color = &properties["color"];
        assert_eq!(color["type"], "string");
        assert_eq!(color["description"], "Which one.");
        let one = color["oneOf"].as_array().unwrap();
        assert!(one.contains(&red), "{color}");
        assert!(
            one.contains(&json!({ "const": "Green", "title": "Green, really" })),
            "{color}"
        );
        assert!(
            one.contains(&json!({ "const": "Blue", "title": "Blue" })),
            "{color}"
        );
        let several = properties["colors"]["items"]["anyOf"].as_array().unwrap();
        assert!(several.contains(&red) && several.len() == 3, "{several:?}");
        let required = form["required"].as_array().unwrap();
        assert_eq!(*required, ["mail", "score", "sizes", "colors", "old"]);
        assert_eq!(form.as_object().unwrap().len(), 3, "{form}");
    }

    #[test]
    fn what_is_filled_in_fits_the_form() {
        let form = of::<Flat>().unwrap();
        let with = |field: &str, value: serde_json::Value| {
            let mut content = json!({ "mail": "a@b.c", "score": 1, "sizes": ["small"], "colors": ["Red"], "old": "a" });
            content[field] = value;
            super::check(&form, &content.to_string())
        };
        assert_eq!(with("age", json!(3)), Ok(()));
        for (field, value) in [
            ("score", json!(10)),
            ("name", json!("")),
            ("sizes", json!(["huge"])),
            ("colors", json!(["Pink"])),
            ("color", json!("Pink")),
            ("sure", json!("yes")),
        ] {
            let wrong = with(field, value).unwrap_err();
            assert!(wrong.contains(&format!("at `/{field}")), "{wrong}");
        }
        assert!(super::check(&form, "{}").is_err() && super::check(&form, "[]").is_err());
    }

    #[test]
    fn what_no_form_can_show_is_refused_and_says_where() {
        #[derive(Deserialize, JsonSchema)]
        struct Nested {
            flat: Flat,
        }
        #[derive(Deserialize, JsonSchema)]
        struct Free {
            words: Vec<String>,
        }
        #[derive(Deserialize, JsonSchema)]
        struct Pattern {
            #[schemars(regex(pattern = "^a"))]
            name: String,
        }
        #[derive(Deserialize, JsonSchema)]
        struct Anything {
            value: serde_json::Value,
        }
        #[derive(Deserialize, JsonSchema)]
        enum Either {
            One { a: u8 },
            Other { b: u8 },
        }
        for (refused, part) in [
            (of::<Free>(), "field `words` is a list of something"),
            (of::<Nested>(), "`Nested` cannot be asked for: field `flat`"),
            (of::<Pattern>(), "field `name` has `pattern`"),
            (of::<Anything>(), "field `value` can be anything"),
            (of::<Either>(), "a form is one object"),
            (of::<String>(), "a form is one object"),
            (of::<()>(), "a form is one object"),
            (
                of::<std::collections::BTreeMap<String, String>>(),
                "it takes any name",
            ),
        ] {
            let refused = refused.unwrap_err();
            assert!(refused.contains(part), "{refused}");
        }
    }
}
