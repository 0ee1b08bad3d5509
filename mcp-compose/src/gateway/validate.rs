//! Arguments against the child's own JSON Schema, before the child is bothered.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::wire::{Raw, scan};

/// Largest schema that is compiled.
const MAX_SCHEMA: usize = 256 * 1024;
/// Most values in a schema that is compiled: it bounds the subschemas.
const MAX_NODES: usize = 5_000;
/// Most findings that are reported for one value.
const MAX_FINDINGS: usize = 5;

/// A schema that is compiled when it is first needed. One that cannot be used lets everything
/// pass: the child decides.
#[derive(Debug)]
pub(crate) struct Schema {
    raw: Raw,
    compiled: OnceLock<Option<Validator>>,
}

impl Schema {
    pub(crate) fn new(raw: Raw) -> Self {
        Self {
            raw,
            compiled: OnceLock::new(),
        }
    }

    /// What is wrong with `value`, each with its place; empty if nothing is.
    pub(crate) fn findings(&self, value: &str, label: &str, tool: &str) -> Vec<String> {
        let Some(validator) = self.compiled.get_or_init(|| self.compile(label, tool)) else {
            return Vec::new();
        };
        let Ok(value) = serde_json::from_str::<Value>(value) else {
            return vec!["it is not JSON".to_owned()];
        };
        if validator.is_valid(&value) {
            return Vec::new();
        }
        let mut findings: Vec<String> = Vec::new();
        for error in validator.iter_errors(&value).take(MAX_FINDINGS) {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "/" } else { &place };
            findings.push(format!("at `{place}`: {error}"));
        }
        findings
    }

    fn compile(&self, label: &str, tool: &str) -> Option<Validator> {
        let compiled = compile(&self.raw);
        if let Err(why) = &compiled {
            tracing::warn!(
                child = label,
                tool,
                "its schema cannot be used, arguments are passed on unchecked: {why}"
            );
        }
        compiled.ok()
    }
}

fn compile(raw: &Raw) -> Result<Validator, String> {
    let text = raw.as_str();
    if text.len() > MAX_SCHEMA {
        return Err(format!(
            "it has {} bytes; at most {MAX_SCHEMA} are compiled",
            text.len()
        ));
    }
    scan::check(text, MAX_NODES).map_err(|error| error.to_string())?;
    let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    // No retriever is built in: a schema that refers to the network or to a file is unusable.
    jsonschema::options()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(&schema)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(schema: &str, value: &str) -> Vec<String> {
        Schema::new(Raw::from_json(schema.to_owned())).findings(value, "child", "tool")
    }

    #[test]
    fn a_finding_names_its_place() {
        let schema = r#"{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"integer"}}}}}"#;
        assert!(findings(schema, r#"{"a":{"b":1}}"#).is_empty());
        let found = findings(schema, r#"{"a":{"b":"x"}}"#);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("at `/a/b`:"), "{found:?}");
    }

    #[test]
    fn a_schema_that_cannot_be_used_lets_everything_pass() {
        for schema in [
            r#"{"type":12}"#,
            r#"{"$ref":"http://127.0.0.1:1/s.json"}"#,
            r#"{"$ref":"file:///etc/passwd"}"#,
            r##"{"$ref":"#/$defs/nowhere"}"##,
        ] {
            assert!(findings(schema, r#"{"a":1}"#).is_empty(), "{schema}");
        }
    }

    #[test]
    fn older_dialects_are_read_as_what_they_say() {
        let schema = r##"{"$schema":"http://json-schema.org/draft-04/schema#","type":"object",
            "properties":{"n":{"type":"integer","minimum":3,"exclusiveMinimum":true}}}"##;
        assert_eq!(findings(schema, r#"{"n":3}"#).len(), 1);
        assert!(findings(schema, r#"{"n":4}"#).is_empty());
    }

    #[test]
    fn a_hostile_pattern_takes_linear_time() {
        let schema = r#"{"properties":{"s":{"pattern":"^(a+)+$"}}}"#;
        let value = format!(r#"{{"s":"{}!"}}"#, "a".repeat(50_000));
        assert_eq!(findings(schema, &value).len(), 1);
    }
}
