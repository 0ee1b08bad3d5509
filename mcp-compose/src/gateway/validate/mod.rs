//! Arguments against the child's own JSON Schema, before the child is bothered.
//!
//! A schema is a child's, and may be made to hurt. It is weighed before it is compiled, and a value before it is checked:
//! what would take too long is passed on unchecked, and the child decides. What takes long enough to be felt is done off
//! the relay's thread.

mod weight;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jsonschema::Validator;
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use self::weight::{Size, Weight};
use crate::wire::{Raw, scan};

/// Largest schema that is compiled.
const MAX_SCHEMA: usize = 256 * 1024;
/// Most values in a schema that is compiled: it bounds the subschemas.
const MAX_NODES: usize = 5_000;
/// Deepest nesting of such a schema.
const MAX_DEPTH: usize = 64;
/// Largest compiled form of one regular expression.
const MAX_REGEX: usize = 1024 * 1024;
/// Most findings that are reported for one value.
const MAX_FINDINGS: usize = 5;
/// Characters of one finding: it may repeat the value.
const MAX_FINDING: usize = 500;
/// A schema of no more bytes and patterns than this is compiled at once.
const LIGHT: (usize, usize) = (8 * 1024, 4);
/// How long a call waits for another schema to be compiled.
const COMPILE: Duration = Duration::from_secs(1);
/// Schemas that are compiled at once, beside the relay.
const COMPILING: usize = 2;
/// Steps that a check may take on the relay's thread.
const QUICK: u64 = 1_000_000;
/// Steps that a check may take at all.
const MAX_STEPS: u64 = 100_000_000;
/// A value of more parts than this is looked through up to the first mistake.
const MANY_PARTS: u64 = 10_000;

/// A schema that is compiled when it is first needed. One that cannot be used lets everything pass: the child decides.
#[derive(Debug)]
pub(crate) struct Schema {
    raw: Raw,
    compiled: OnceCell<Option<Arc<Compiled>>>,
}

#[derive(Debug)]
struct Compiled {
    validator: Validator,
    weight: Weight,
}

impl Schema {
    pub(crate) fn new(raw: Raw) -> Self {
        Self {
            raw,
            compiled: OnceCell::new(),
        }
    }

    /// What is wrong with `value`, each with its place; empty if nothing is, or if that is not found out.
    pub(crate) async fn findings(&self, value: &str, label: &str, tool: &str) -> Vec<String> {
        let compiled = match self.compiled.get() {
            Some(compiled) => compiled.as_ref(),
            None => self
                .compiled
                .get_or_init(|| self.prepare(label, tool))
                .await
                .as_ref(),
        };
        let Some(compiled) = compiled else {
            return Vec::new();
        };
        match compiled.findings_if_quick(value) {
            Ok(findings) => findings,
            Err(Heavy { value, size, steps }) if steps.is_some_and(|it| it <= MAX_STEPS) => {
                let compiled = Arc::clone(compiled);
                let check = move || compiled.findings(&value, size);
                tokio::task::spawn_blocking(check).await.unwrap_or_default()
            }
            Err(_) => {
                tracing::debug!(
                    child = label,
                    tool,
                    "a value is passed on unchecked: checking it would take too long"
                );
                Vec::new()
            }
        }
    }

    /// As [`Schema::findings`], at once: for schemas as small as forms are. Others let everything pass.
    pub(crate) fn findings_now(&self, value: &str, label: &str, tool: &str) -> Vec<String> {
        let compiled = match self.compiled.get() {
            Some(compiled) => compiled.clone(),
            None if self.is_light() => self.taken(compile(&self.raw), label, tool),
            None => None,
        };
        let Some(compiled) = compiled else {
            return Vec::new();
        };
        compiled.findings_if_quick(value).unwrap_or_default()
    }

    /// Whether it is compiled in next to no time, whatever it says.
    fn is_light(&self) -> bool {
        let text = self.raw.as_str();
        let (bytes, patterns) = LIGHT;
        text.len() <= bytes && text.matches("pattern").count() <= patterns
    }

    async fn prepare(&self, label: &str, tool: &str) -> Option<Arc<Compiled>> {
        static PLACES: LazyLock<Arc<Semaphore>> =
            LazyLock::new(|| Arc::new(Semaphore::new(COMPILING)));
        if self.is_light() {
            return self.taken(compile(&self.raw), label, tool);
        }
        let raw = self.raw.clone();
        let compiling = async move {
            let place = Arc::clone(&PLACES).acquire_owned().await.ok();
            tokio::task::spawn_blocking(move || {
                let compiled = compile(&raw);
                drop(place);
                compiled
            })
            .await
        };
        let compiled = match tokio::time::timeout(COMPILE, compiling).await {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(_)) => Err("it could not be compiled".to_owned()),
            Err(_) => Err(format!(
                "it was not compiled within {} s",
                COMPILE.as_secs()
            )),
        };
        self.taken(compiled, label, tool)
    }

    fn taken(
        &self,
        compiled: Result<Compiled, String>,
        label: &str,
        tool: &str,
    ) -> Option<Arc<Compiled>> {
        match compiled {
            Ok(compiled) => Some(Arc::new(compiled)),
            Err(why) => {
                let why: String = why.chars().take(MAX_FINDING).collect();
                tracing::warn!(
                    child = label,
                    tool,
                    "its schema cannot be used, arguments are passed on unchecked: {why}"
                );
                None
            }
        }
    }
}

/// A value that is not checked in next to no time.
struct Heavy {
    value: Value,
    size: Size,
    /// `None`: more than can be counted.
    steps: Option<u64>,
}

impl Compiled {
    /// What is wrong with a value, if that is found out in next to no time.
    fn findings_if_quick(&self, value: &str) -> Result<Vec<String>, Heavy> {
        let Ok(value) = serde_json::from_str::<Value>(value) else {
            return Ok(vec!["it is not JSON".to_owned()]);
        };
        let size = Size::of(&value);
        match self.weight.steps_for(size) {
            Some(steps) if steps <= QUICK => Ok(self.findings(&value, size)),
            steps => Err(Heavy { value, size, steps }),
        }
    }

    fn findings(&self, value: &Value, size: Size) -> Vec<String> {
        if self.validator.is_valid(value) {
            return Vec::new();
        }
        let tell = |error: jsonschema::ValidationError<'_>| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "/" } else { &place };
            let finding = format!("at `{place}`: {error}");
            match finding.char_indices().nth(MAX_FINDING) {
                Some((end, _)) => format!("{}..", &finding[..end]),
                None => finding,
            }
        };
        if size.nodes > MANY_PARTS {
            return self
                .validator
                .validate(value)
                .err()
                .map(tell)
                .into_iter()
                .collect();
        }
        let errors = self.validator.iter_errors(value);
        errors.take(MAX_FINDINGS).map(tell).collect()
    }
}

fn compile(raw: &Raw) -> Result<Compiled, String> {
    let text = raw.as_str();
    if text.len() > MAX_SCHEMA {
        return Err(format!(
            "it has {} bytes; at most {MAX_SCHEMA} are compiled",
            text.len()
        ));
    }
    scan::check_within(text, MAX_NODES, MAX_DEPTH).map_err(|error| error.to_string())?;
    let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let weight = Weight::of(&schema)?;
    let patterns = jsonschema::PatternOptions::regex()
        .size_limit(MAX_REGEX)
        .dfa_size_limit(MAX_REGEX);
    // No retriever is built in: a schema that refers to the network or to a file is unusable.
    let validator = jsonschema::options()
        .with_pattern_options(patterns)
        .build(&schema)
        .map_err(|error| error.to_string())?;
    Ok(Compiled { validator, weight })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn findings(schema: &str, value: &str) -> Vec<String> {
        let schema = Schema::new(Raw::from_json(schema.to_owned()));
        schema.findings(value, "child", "tool").await
    }

    #[tokio::test]
    async fn a_finding_names_its_place() {
        let schema = r#"{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"integer"}}}}}"#;
        assert!(findings(schema, r#"{"a":{"b":1}}"#).await.is_empty());
        let found = findings(schema, r#"{"a":{"b":"x"}}"#).await;
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("at `/a/b`:"), "{found:?}");
    }

    #[tokio::test]
    async fn a_schema_that_cannot_be_used_lets_everything_pass() {
        for schema in [
            r#"{"type":12}"#,
            r#"{"$ref":"http://127.0.0.1:1/s.json"}"#,
            r#"{"$ref":"file:///etc/passwd"}"#,
            r##"{"$ref":"#/$defs/nowhere"}"##,
        ] {
            assert!(findings(schema, r#"{"a":1}"#).await.is_empty(), "{schema}");
        }
    }

    #[tokio::test]
    async fn older_dialects_are_read_as_what_they_say() {
        let schema = r##"{"$schema":"http://json-schema.org/draft-04/schema#","type":"object",
            "properties":{"n":{"type":"integer","minimum":3,"exclusiveMinimum":true}}}"##;
        assert_eq!(findings(schema, r#"{"n":3}"#).await.len(), 1);
        assert!(findings(schema, r#"{"n":4}"#).await.is_empty());
    }

    #[tokio::test]
    async fn a_hostile_pattern_takes_linear_time() {
        let schema = r#"{"properties":{"s":{"pattern":"^(a+)+$"}}}"#;
        let value = format!(r#"{{"s":"{}!"}}"#, "a".repeat(50_000));
        assert_eq!(findings(schema, &value).await.len(), 1);
    }

    /// A hostile schema leaves the thread that it is asked on free, and takes no more stack than a thread of the relay has.
    #[tokio::test]
    async fn t24_no_schema_keeps_anything_busy() {
        let chain = |length: usize| {
            let defs: Vec<_> = (0..length)
                .map(|n| format!(r##""d{n}":{{"$ref":"#/$defs/d{}"}}"##, n + 1))
                .collect();
            format!(
                r##"{{"$ref":"#/$defs/d0","$defs":{{{},"d{length}":{{}}}}}}"##,
                defs.join(",")
            )
        };
        let nested = |depth: usize| {
            format!(
                "{}{{}}{}",
                r#"{"allOf":["#.repeat(depth),
                "]}".repeat(depth)
            )
        };
        let doubled: Vec<_> = (0..20)
            .map(|n| {
                let next = format!(r##"{{"$ref":"#/$defs/d{}"}}"##, n + 1);
                format!(r#""d{n}":{{"anyOf":[{next},{next}]}}"#)
            })
            .collect();
        let regex = |count: usize| {
            let patterns: Vec<_> = (0..count)
                .map(|n| format!(r#"{{"pattern":"(\\pL{{50,200}}){{{}}}"}}"#, n + 10))
                .collect();
            format!(r#"{{"allOf":[{}]}}"#, patterns.join(","))
        };
        let mut deep = "{}".to_owned();
        for _ in 0..100 {
            deep = format!(r#"{{"a":{deep},"b":[]}}"#);
        }
        for schema in [
            chain(100),
            chain(2_000),
            chain(100_000),
            nested(30),
            nested(1_000),
            format!(
                r##"{{"$ref":"#/$defs/d0","$defs":{{{},"d20":{{"type":"string"}}}}}}"##,
                doubled.join(",")
            ),
            r##"{"$ref":"#"}"##.to_owned(),
            r##"{"properties":{"a":{"$ref":"#"}}}"##.to_owned(),
            r##"{"allOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}"##
                .to_owned(),
            r#"{"$ref":"http://127.0.0.1:1/schema.json"}"#.to_owned(),
            regex(1),
            regex(100),
        ] {
            for value in [deep.as_str(), r#""x""#, "{}"] {
                let found =
                    tokio::time::timeout(Duration::from_secs(20), findings(&schema, value)).await;
                found.expect("it hangs");
            }
        }
    }

    #[tokio::test]
    async fn t24_a_finding_does_not_repeat_a_large_value() {
        let schema = r#"{"properties":{"s":{"type":"integer"}}}"#;
        let value = format!(r#"{{"s":"{}"}}"#, "a".repeat(1_000_000));
        let found = findings(schema, &value).await;
        assert!(found.len() == 1 && found[0].len() < 600, "{}", found.len());
    }

    #[tokio::test]
    async fn a_large_schema_is_compiled_and_checks() {
        let properties: Vec<_> = (0..500)
            .map(|n| format!(r#""p{n}":{{"type":"string","pattern":"^a{}$"}}"#, n % 50))
            .take(100)
            .collect();
        let filler = "x".repeat(20_000);
        let schema = format!(
            r#"{{"description":"{filler}","properties":{{{}}}}}"#,
            properties.join(",")
        );
        assert_eq!(findings(&schema, r#"{"p1":"b"}"#).await.len(), 1);
        assert!(findings(&schema, r#"{"p1":"a1"}"#).await.is_empty());
    }
}
