//! `key=value` words as arguments: of a tool, typed by its input schema, and of a prompt.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Failure, shown};

/// One word: a value as text, or with `:=` as JSON.
#[derive(Debug, PartialEq)]
enum Given<'a> {
    Text(&'a str),
    Json(&'a str),
}

/// The arguments of a tool, typed by its input schema; what the schema says nothing of is JSON if it can be, and else
/// text. JSON goes on as it was written: a number may have more digits than we could hold.
pub(super) fn of_tool<'w>(
    words: &'w [String],
    schema: Option<&Value>,
) -> Result<BTreeMap<&'w str, Box<RawValue>>, Failure> {
    let mut arguments = BTreeMap::new();
    for (key, given) in split(words)? {
        let property = schema.and_then(|schema| schema.get("properties")?.get(key));
        let types = match (schema, property) {
            (Some(schema), Some(property)) => types(schema, property),
            _ => Types::default(),
        };
        let value = match given {
            Given::Json(text) => json(key, text)?,
            Given::Text(text) => typed(key, text, &types)?,
        };
        arguments.insert(key, value);
    }
    Ok(arguments)
}

/// The arguments of a prompt, which are all text.
pub(super) fn of_prompt(words: &[String]) -> Result<BTreeMap<&str, &str>, Failure> {
    let words = split(words)?.into_iter().map(|(key, given)| match given {
        Given::Text(text) => Ok((key, text)),
        Given::Json(_) => Err(Failure::Usage(format!(
            "`{}` of a prompt is text: write `{0}=TEXT`",
            shown::line(key)
        ))),
    });
    words.collect()
}

fn split(words: &[String]) -> Result<Vec<(&str, Given<'_>)>, Failure> {
    let mut all: Vec<(&str, Given<'_>)> = Vec::with_capacity(words.len());
    for word in words {
        let Some((key, text)) = word
            .split_once('=')
            .filter(|(key, _)| !matches!(*key, "" | ":"))
        else {
            return Err(Failure::Usage(format!(
                "`{}` is no argument: write `NAME=VALUE`, `NAME:=JSON`, or all of them as one JSON object, such as '{{\"city\": \"Basel\"}}'",
                shown::line(word)
            )));
        };
        let (key, given) = match key.strip_suffix(':') {
            Some(key) => (key, Given::Json(text)),
            None => (key, Given::Text(text)),
        };
        if all.iter().any(|(other, _)| *other == key) {
            let key = shown::line(key);
            return Err(Failure::Usage(format!(
                "`{key}` is given twice; a list is `{key}:='[1, 2]'`"
            )));
        }
        all.push((key, given));
    }
    Ok(all)
}

/// What a schema allows.
#[derive(Debug, Default, PartialEq)]
struct Types {
    text: bool,
    number: bool,
    boolean: bool,
    null: bool,
    /// Objects and lists, or whatever else is not known here.
    other: bool,
}

/// References and choices are followed so far, and so many of them: no schema makes us walk for ever.
const MAX_DEPTH: usize = 8;
const MAX_VISITS: usize = 1_000;

fn types(root: &Value, schema: &Value) -> Types {
    let mut types = Types::default();
    collect(root, schema, &mut types, MAX_DEPTH, &mut 0);
    types
}

fn collect(root: &Value, schema: &Value, types: &mut Types, depth: usize, visits: &mut usize) {
    *visits += 1;
    let depth = depth.checked_sub(1).filter(|_| *visits <= MAX_VISITS);
    let Some(depth) = depth else {
        types.other = true;
        return;
    };
    let mut name = |kind: &Value| match kind.as_str() {
        Some("string") => types.text = true,
        Some("integer" | "number") => types.number = true,
        Some("boolean") => types.boolean = true,
        Some("null") => types.null = true,
        _ => types.other = true,
    };
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().for_each(&mut name),
        Some(kind) => name(kind),
        None => {}
    }
    if schema.get("type").is_some() {
        return;
    }
    let constants = schema.get("const").into_iter();
    let listed = schema.get("enum").and_then(Value::as_array);
    for value in constants.chain(listed.into_iter().flatten()) {
        match value {
            Value::String(_) => types.text = true,
            Value::Number(_) => types.number = true,
            Value::Bool(_) => types.boolean = true,
            Value::Null => types.null = true,
            _ => types.other = true,
        }
    }
    let reference = schema.get("$ref").and_then(Value::as_str);
    if let Some(there) = reference.and_then(|to| root.pointer(to.strip_prefix('#')?)) {
        collect(root, there, types, depth, visits);
    }
    for choices in ["anyOf", "oneOf", "allOf"] {
        let choices = schema.get(choices).and_then(Value::as_array);
        for choice in choices.into_iter().flatten() {
            collect(root, choice, types, depth, visits);
        }
    }
}

/// Text as a value of one of the types; text itself is taken where it is allowed and nothing else fits.
fn typed(key: &str, text: &str, types: &Types) -> Result<Box<RawValue>, Failure> {
    let parsed = serde_json::from_str::<Value>(text).ok();
    let as_text = || {
        let text = serde_json::value::to_raw_value(text);
        text.map_err(|error| Failure::Failed(error.to_string()))
    };
    let fits = |value: &Value| match value {
        Value::Number(_) => types.number,
        Value::Bool(_) => types.boolean,
        Value::Null => types.null && !types.text,
        Value::Array(_) | Value::Object(_) => types.other,
        Value::String(_) => types.other && !types.text,
    };
    if *types == Types::default() {
        return match parsed {
            Some(_) => json(key, text),
            None => as_text(),
        };
    }
    match parsed {
        Some(value) if fits(&value) => json(key, text),
        _ if types.text => as_text(),
        _ => Err(Failure::Usage(format!(
            "`{}` is {}, not `{}`",
            shown::line(key),
            expected(types),
            shown::line(text)
        ))),
    }
}

fn expected(types: &Types) -> String {
    let named = [
        (types.number, "a number"),
        (types.boolean, "`true` or `false`"),
        (types.null, "`null`"),
        (types.other, "a JSON object or list"),
    ];
    let named = named.iter().filter(|(is, _)| *is).map(|(_, name)| *name);
    named.collect::<Vec<_>>().join(", or ")
}

fn json(key: &str, text: &str) -> Result<Box<RawValue>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let key = shown::line(key);
        Failure::Usage(format!("`{key}:=` wants JSON: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "properties": {
                "city": { "type": "string" },
                "days": { "type": "integer" },
                "warm": { "type": "boolean" },
                "tags": { "type": "array" },
                "note": { "type": ["string", "null"] },
                "scale": { "$ref": "#/$defs/Scale" },
                "limit": { "anyOf": [{ "type": "number" }, { "type": "null" }] },
                "loop": { "$ref": "#/properties/loop" },
                "any": {},
            },
            "$defs": { "Scale": { "enum": ["kelvin", "celsius"] } },
        })
    }

    fn of(words: &[&str]) -> Result<Value, String> {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        match of_tool(&words, Some(&schema())) {
            Ok(arguments) => Ok(serde_json::to_value(arguments).expect("JSON")),
            Err(Failure::Usage(message)) => Err(message),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_schema_says_what_a_value_is() {
        let given = [
            "city=12",
            "days=-3",
            "warm=true",
            "tags=[1]",
            "note=null",
            "scale=kelvin",
            "limit=null",
            "any=7",
            "more=x=y",
        ];
        let expected = json!({
            "city": "12", "days": -3, "warm": true, "tags": [1], "note": "null", "scale": "kelvin", "limit": null,
            "any": 7, "more": "x=y",
        });
        assert_eq!(of(&given), Ok(expected));
        assert_eq!(
            of(&["note:=null", "city:=\"a\"", "city2:={\"a\": 1}"]),
            Ok(json!({
                "note": null, "city": "a", "city2": { "a": 1 },
            }))
        );
        assert_eq!(of(&["city="]), Ok(json!({ "city": "" })));
    }

    #[test]
    fn numbers_keep_their_digits() {
        let digits = "123456789012345678901234567890";
        for word in ["days=", "any=", "more:="] {
            let words = [format!("{word}{digits}")];
            let given = of_tool(&words, Some(&schema())).expect("arguments");
            assert_eq!(
                given.values().next().map(|raw| raw.get()),
                Some(digits),
                "{word}"
            );
        }
        // A text that is one stays a text.
        let words = [format!("city={digits}")];
        let given = of_tool(&words, Some(&schema())).expect("arguments");
        assert_eq!(given["city"].get(), format!("\"{digits}\""));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (word, why) in [
            ("days=three", "`days` is a number, not `three`"),
            ("warm=yes", "`warm` is `true` or `false`, not `yes`"),
            ("tags=a", "`tags` is a JSON object or list, not `a`"),
            ("limit=x", "`limit` is a number, or `null`, not `x`"),
        ] {
            assert_eq!(of(&[word]), Err(why.to_owned()));
        }
        for word in ["city", "=x", ":=1"] {
            assert!(of(&[word]).is_err_and(|why| why.contains("is no argument")));
        }
        assert!(of(&["days:=x"]).is_err_and(|why| why.starts_with("`days:=` wants JSON")));
        assert!(of(&["city=a", "city=b"]).is_err_and(|why| why.contains("given twice")));
        // A schema that refers to itself comes to an end, however often it does.
        assert!(of(&["loop=x"]).is_err());
        let itself = json!({ "$ref": "#/properties/wide" });
        let wide = json!({ "properties": { "wide": { "anyOf": vec![itself; 200] } } });
        let mut visits = 0;
        let mut types = Types::default();
        collect(
            &wide,
            &wide["properties"]["wide"],
            &mut types,
            MAX_DEPTH,
            &mut visits,
        );
        assert!(types.other && visits < 10 * MAX_VISITS, "{visits}");
    }

    #[test]
    fn arguments_of_prompts_are_text() {
        let words = ["a=1".to_owned(), "b=x y".to_owned()];
        let given = of_prompt(&words).expect("arguments");
        assert_eq!(given, BTreeMap::from([("a", "1"), ("b", "x y")]));
        assert!(of_prompt(&["a:=1".to_owned()]).is_err());
    }
}
