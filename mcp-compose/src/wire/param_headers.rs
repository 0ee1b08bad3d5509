//! `Mcp-Param-*`: tool arguments that a schema's `x-mcp-header` mirrors into HTTP headers
//! (2026-07-28), and how values are written in headers.

use std::borrow::Cow;
use std::collections::HashSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::json;
use super::object::Object;

const ANNOTATION: &str = "x-mcp-header";
const NAME_PREFIX: &str = "mcp-param-";
const BASE64_PREFIX: &str = "=?base64?";
const BASE64_SUFFIX: &str = "?=";
/// The largest integer that every peer reads exactly: 2^53 - 1.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Which arguments of one tool stand in headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParamHeaders {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    header: HeaderName,
    /// Property names from the arguments to the value.
    path: Vec<String>,
}

impl ParamHeaders {
    /// Reads a tool's input schema. `None` where nothing is annotated; the error says why the tool
    /// definition is invalid (clients over HTTP must not use such a tool).
    pub(crate) fn from_schema(input_schema: &str) -> Result<Option<Self>, String> {
        // Nearly no schema is annotated. An escape may spell the key in another way.
        if !input_schema.contains(ANNOTATION) && !input_schema.contains("\\u") {
            return Ok(None);
        }
        let schema: Value = serde_json::from_str(input_schema)
            .map_err(|error| format!("the input schema is not JSON: {error}"))?;
        let mut reader = SchemaReader::default();
        reader.schema(&schema, Some(&mut Vec::new()))?;
        Ok((!reader.rules.is_empty()).then_some(Self {
            rules: reader.rules,
        }))
    }

    /// The headers of a call with these arguments (a raw JSON object). Absent and null values have none.
    pub(crate) fn headers(&self, arguments: &str) -> Vec<(HeaderName, HeaderValue)> {
        let Ok(arguments) = Object::parse(arguments) else {
            return Vec::new();
        };
        self.rules
            .iter()
            .filter_map(|rule| {
                let value = rule.value(&arguments)?;
                let text = text_of(&value)?;
                Some((rule.header.clone(), encode_value(&text)))
            })
            .collect()
    }

    /// Whether a call's headers say what its arguments (a raw JSON object) say.
    pub(crate) fn verify(&self, arguments: &str, headers: &HeaderMap) -> Result<(), String> {
        let arguments = Object::parse(arguments)
            .map_err(|error| format!("`arguments` is not an object: {error}"))?;
        for rule in &self.rules {
            let name = &rule.header;
            let path = || rule.path.join(".");
            let mut given = headers.get_all(name).iter();
            let header = given.next();
            if given.next().is_some() {
                return Err(format!("header `{name}` stands twice"));
            }
            let body = rule.value(&arguments);
            let body = body.as_deref().and_then(|raw| Some((raw, text_of(raw)?)));
            match (header, body) {
                (None, None) => {}
                (None, Some(_)) => {
                    return Err(format!("header `{name}` for `{}` is missing", path()));
                }
                (Some(_), None) => {
                    return Err(format!(
                        "header `{name}` stands for `{}`, which the arguments do not have",
                        path()
                    ));
                }
                (Some(header), Some((raw, text))) => {
                    let header = decode_value(header)
                        .ok_or_else(|| format!("header `{name}` is not correctly encoded"))?;
                    let equal = if raw.starts_with('"') {
                        header == text
                    } else {
                        canonical_number(&header) == text
                    };
                    if !equal {
                        return Err(format!(
                            "header `{name}` does not match the argument `{}`",
                            path()
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Rule {
    /// The raw value at the rule's path.
    fn value<'a>(&self, arguments: &'a Object<'_>) -> Option<Cow<'a, str>> {
        let (first, rest) = self.path.split_first()?;
        let value = arguments.get(first)?;
        match rest {
            [] => Some(Cow::Borrowed(value)),
            rest => {
                let mut value = value.to_owned();
                for name in rest {
                    value = Object::parse(&value).ok()?.get(name)?.to_owned();
                }
                Some(Cow::Owned(value))
            }
        }
    }
}

/// A primitive's text; `None` for null, arrays and objects.
fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'"' => json::decode_string(raw),
        b't' | b'f' => Some(Cow::Borrowed(raw)),
        b'-' | b'0'..=b'9' => Some(canonical_number(raw)),
        _ => None,
    }
}

/// An integer in its one decimal spelling (`42.0` and `4.2e1` are `42`); other text as it stands.
fn canonical_number(text: &str) -> Cow<'_, str> {
    if let Ok(number) = text.parse::<i64>() {
        return Cow::Owned(number.to_string());
    }
    match text.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() <= SAFE_INTEGER =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
            Cow::Owned((number as i64).to_string())
        }
        _ => Cow::Borrowed(text),
    }
}

/// Finds annotations, and refuses those that stand where they may not.
#[derive(Default)]
struct SchemaReader {
    rules: Vec<Rule>,
    seen: HashSet<HeaderName>,
}

impl SchemaReader {
    /// Reads one schema. `path` leads to it from the root; `None` where more than `properties` keys lie between.
    fn schema(&mut self, schema: &Value, mut path: Option<&mut Vec<String>>) -> Result<(), String> {
        let Value::Object(members) = schema else {
            return Ok(());
        };
        if let Some(annotation) = members.get(ANNOTATION) {
            match &path {
                Some(path) if !path.is_empty() => self.rule(annotation, schema, path)?,
                Some(_) => {
                    return Err(format!("`{ANNOTATION}` stands on the schema's root"));
                }
                None => {
                    return Err(format!(
                        "`{ANNOTATION}` stands where more than `properties` leads to it"
                    ));
                }
            }
        }
        for (keyword, value) in members {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        match &mut path {
                            Some(path) => {
                                path.push(name.clone());
                                self.schema(property, Some(path))?;
                                path.pop();
                            }
                            None => self.schema(property, None)?,
                        }
                    }
                }
                // Maps of schemas, by names that are not keywords.
                (
                    "$defs" | "definitions" | "dependentSchemas" | "dependencies"
                    | "patternProperties",
                    Value::Object(schemas),
                ) => {
                    for schema in schemas.values() {
                        self.schema(schema, None)?;
                    }
                }
                // Values, which may have a member of any name.
                ("const" | "default" | "enum" | "example" | "examples", _) => {}
                (_, Value::Array(schemas)) => {
                    for schema in schemas {
                        self.schema(schema, None)?;
                    }
                }
                (_, value) => self.schema(value, None)?,
            }
        }
        Ok(())
    }

    fn rule(&mut self, annotation: &Value, schema: &Value, path: &[String]) -> Result<(), String> {
        let property = path.join(".");
        let Value::String(name) = annotation else {
            return Err(format!("`{ANNOTATION}` of `{property}` is not a string"));
        };
        if name.is_empty() {
            return Err(format!("`{ANNOTATION}` of `{property}` is empty"));
        }
        let header = HeaderName::try_from(format!("{NAME_PREFIX}{name}")).map_err(|_| {
            format!("`{ANNOTATION}` of `{property}` is not a header name: {name:?}")
        })?;
        if !is_primitive(schema.get("type")) {
            return Err(format!(
                "`{ANNOTATION}` of `{property}` needs type string, integer or boolean"
            ));
        }
        if !self.seen.insert(header.clone()) {
            return Err(format!(
                "`{ANNOTATION}` {name:?} stands on two properties, the second is `{property}`"
            ));
        }
        self.rules.push(Rule {
            header,
            path: path.to_vec(),
        });
        Ok(())
    }
}

/// Whether a schema's `type` is one primitive, or one primitive or null.
fn is_primitive(kind: Option<&Value>) -> bool {
    let primitive = |kind: &Value| matches!(kind.as_str(), Some("string" | "integer" | "boolean"));
    match kind {
        Some(Value::Array(kinds)) => {
            let mut kinds = kinds.iter().filter(|kind| *kind != "null");
            kinds.next().is_some_and(primitive) && kinds.next().is_none()
        }
        Some(kind) => primitive(kind),
        None => false,
    }
}

/// A text as a header value: as it stands where that is safe, else in the Base64 form.
pub(crate) fn encode_value(text: &str) -> HeaderValue {
    let visible = text.bytes().all(|b| matches!(b, b'\t' | b' '..=b'~'));
    let padded = text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']);
    let looks_encoded = text.starts_with(BASE64_PREFIX) && text.ends_with(BASE64_SUFFIX);
    let value = if visible && !padded && !looks_encoded {
        HeaderValue::from_str(text)
    } else {
        let encoded = BASE64_STANDARD.encode(text);
        HeaderValue::try_from(format!("{BASE64_PREFIX}{encoded}{BASE64_SUFFIX}"))
    };
    value.expect("visible ASCII, spaces and tabs make a header value")
}

/// The text that a header value stands for; `None` if its Base64 form or its characters are invalid.
pub(crate) fn decode_value(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let encoded = text
        .strip_prefix(BASE64_PREFIX)
        .and_then(|rest| rest.strip_suffix(BASE64_SUFFIX));
    match encoded {
        Some(encoded) => String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok(),
        None => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(schema: &str) -> ParamHeaders {
        ParamHeaders::from_schema(schema).unwrap().unwrap()
    }

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    const SCHEMA: &str = r#"{"type":"object","properties":{
        "region":{"type":"string","x-mcp-header":"Region"},
        "count":{"type":["integer","null"],"x-mcp-header":"Count"},
        "deep":{"type":"object","properties":{"flag":{"type":"boolean","x-mcp-header":"Flag"}}},
        "free":{"type":"string","default":{"x-mcp-header":7}},
        "x-mcp-header":{"type":"string"}}}"#;

    #[test]
    fn values_are_written_as_the_specification_shows() {
        for (text, header) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""),
            ("a\tb", "a\tb"),
            ("\u{7f}", "=?base64?fw==?="),
            ("=?base64?=", "=?base64?PT9iYXNlNjQ/PQ==?="),
        ] {
            let value = encode_value(text);
            assert_eq!(value, header, "{text:?}");
            assert_eq!(decode_value(&value).as_deref(), Some(text));
        }
        for wrong in ["=?base64?a?=", "=?base64?/w==?=", "=?base64?fw?="] {
            assert_eq!(
                decode_value(&HeaderValue::from_static(wrong)),
                None,
                "{wrong}"
            );
        }
        assert_eq!(
            decode_value(&HeaderValue::from_bytes(b"\xff").unwrap()),
            None
        );
    }

    #[test]
    fn arguments_become_headers_by_their_exact_path() {
        let rules = rules(SCHEMA);
        let headers = rules.headers(
            r#"{"region":"a\u00e9","count":4.2e1,"deep":{"flag":true},"flag":false,"free":"x"}"#,
        );
        let headers: HeaderMap = headers.into_iter().collect();
        assert_eq!(headers.len(), 3);
        assert_eq!(headers["mcp-param-region"], "=?base64?YcOp?=");
        assert_eq!(headers["mcp-param-count"], "42");
        assert_eq!(headers["mcp-param-flag"], "true");
        for empty in [
            "{}",
            r#"{"region":null,"deep":{}}"#,
            r#"{"deep":3}"#,
            "null",
            "",
        ] {
            assert!(rules.headers(empty).is_empty(), "{empty}");
        }
    }

    #[test]
    fn headers_are_checked_against_arguments() {
        let rules = rules(SCHEMA);
        let arguments = r#"{"region":"us","count":42,"deep":{"flag":false}}"#;
        let good = [
            ("mcp-param-region", "us"),
            ("mcp-param-count", "42.0"),
            ("mcp-param-flag", "false"),
            ("mcp-param-unknown", "x"),
        ];
        assert_eq!(rules.verify(arguments, &map(&good)), Ok(()));
        for (name, value) in [
            ("mcp-param-region", "US"),
            ("mcp-param-region", "=?base64?!?="),
            ("mcp-param-count", "43"),
            ("mcp-param-flag", "False"),
        ] {
            let mut headers = map(&good);
            headers.insert(name, HeaderValue::from_static(value));
            let why = rules.verify(arguments, &headers).unwrap_err();
            assert!(why.contains(name), "{why}");
        }
        let mut twice = map(&good);
        twice.append("mcp-param-region", HeaderValue::from_static("us"));
        assert!(rules.verify(arguments, &twice).is_err());
        let mut missing = map(&good);
        missing.remove("mcp-param-flag");
        assert!(rules.verify(arguments, &missing).is_err());
        // Null and absent values have no header.
        let none = r#"{"region":null}"#;
        assert_eq!(rules.verify(none, &HeaderMap::new()), Ok(()));
        assert!(rules.verify(none, &map(&good[..1])).is_err());
        // Integers that no double holds are compared digit by digit.
        let big = r#"{"count":9007199254740993}"#;
        assert!(
            rules
                .verify(big, &map(&[("mcp-param-count", "9007199254740993")]))
                .is_ok()
        );
        assert!(
            rules
                .verify(big, &map(&[("mcp-param-count", "9007199254740992")]))
                .is_err()
        );
    }

    #[test]
    fn a_definition_that_breaks_the_rules_says_why() {
        let annotated = |schema: &str| format!(r#"{{"properties":{{"p":{schema}}}}}"#);
        let text = r#"{"type":"string","x-mcp-header":"A"}"#;
        for (schema, why) in [
            (annotated(r#"{"type":"string","x-mcp-header":""}"#), "empty"),
            (annotated(r#"{"type":"string","x-mcp-header":7}"#), "not a string"),
            (annotated(r#"{"type":"string","x-mcp-header":"a b"}"#), "header name"),
            (annotated(r#"{"type":"string","x-mcp-header":"a:b"}"#), "header name"),
            (annotated(r#"{"type":"string","x-mcp-header":"a\r\nb"}"#), "header name"),
            (annotated(r#"{"type":"string","x-mcp-header":"é"}"#), "header name"),
            (annotated(r#"{"type":"number","x-mcp-header":"A"}"#), "type"),
            (annotated(r#"{"type":"object","x-mcp-header":"A"}"#), "type"),
            (annotated(r#"{"type":["string","integer"],"x-mcp-header":"A"}"#), "type"),
            (annotated(r#"{"x-mcp-header":"A"}"#), "type"),
            (annotated(&format!(r#"{{"items":{text}}}"#)), "properties"),
            (annotated(&format!(r#"{{"anyOf":[{text}]}}"#)), "properties"),
            (format!(r#"{{"if":{{"properties":{{"p":{text}}}}}}}"#), "properties"),
            (format!(r#"{{"$defs":{{"const":{text}}}}}"#), "properties"),
            (format!(r#"{{"additionalProperties":{text}}}"#), "properties"),
            (text.to_owned(), "root"),
            (
                r#"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x\u002dmcp-header":"a"}}}"#.to_owned(),
                "two properties",
            ),
        ] {
            let error = ParamHeaders::from_schema(&schema).unwrap_err();
            assert!(error.contains(why), "{schema}: {error}");
        }
        for schema in [
            r#"{"type":"object"}"#,
            r#"{"properties":{"x-mcp-header":{}}}"#,
            "true",
        ] {
            assert_eq!(ParamHeaders::from_schema(schema), Ok(None), "{schema}");
        }
    }
}
