//! Schemas that some clients refuse, or that nobody can use.

use serde_json::{Map, Value};

use super::finding::{Findings, names};
use crate::child::listing::Kind;
use crate::child::supervisor::Child;
use crate::gateway::validate;
use crate::wire::Raw;

/// Deepest nesting that is looked into; what is deeper is refused elsewhere.
const MAX_DEPTH: usize = 64;
/// Bytes of a description after which Claude Code cuts it.
const MAX_DESCRIPTION: usize = 2_000;

/// What some client cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trait {
    Combinator,
    Nullable,
    Reference,
    TypeList,
    OldDialect,
    NoObject,
    LongDescription,
}

impl Trait {
    const ALL: [Self; 7] = [
        Self::Combinator,
        Self::Nullable,
        Self::Reference,
        Self::TypeList,
        Self::OldDialect,
        Self::NoObject,
        Self::LongDescription,
    ];

    /// What it is, who cannot take it, and what to do.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Combinator => (
                "arguments with `oneOf`, `anyOf` or `allOf` at the top, which Claude Code and the Anthropic API refuse",
                "make them one object in the server, or put them into a member of one",
            ),
            Self::Nullable => (
                "`nullable`, which is of OpenAPI: other clients ignore it, and Claude Code has crashed on it",
                "leave the member out of `required` instead",
            ),
            Self::Reference => (
                "`$ref`, which Gemini CLI and clients that convert as it does refuse",
                "have the server write its schemas out in full",
            ),
            Self::TypeList => (
                "a list of types, which Gemini CLI refuses",
                "give one type, and leave the member out of `required` where it may be absent",
            ),
            Self::OldDialect => (
                "an output schema of an older dialect: Claude Desktop takes 2020-12 only",
                "leave `$schema` out, or update what makes the schema",
            ),
            Self::NoObject => (
                "an output schema that is no object, which clients up to 2025-11-25 refuse",
                "wrap the result in an object",
            ),
            Self::LongDescription => (
                "a description of more than 2,000 bytes, which Claude Code cuts",
                "say it shorter, or with `describe`",
            ),
        }
    }
}

/// Looks at the schemas of the tools that are exposed.
pub(super) fn tools(child: &Child, findings: &mut Findings) {
    let listing = child.listing();
    let listed = listing.of(Kind::Tools).iter();
    let exposed: Vec<_> = listed
        .filter(|tool| child.spec.options.tool_name(&tool.original).is_some())
        .collect();
    let mut found: Vec<(Trait, &str)> = Vec::new();
    let mut unusable = false;
    for tool in &exposed {
        let Ok(Value::Object(entry)) = serde_json::from_str(tool.raw.as_str()) else {
            continue;
        };
        for key in ["inputSchema", "outputSchema"] {
            let Some(schema) = entry.get(key) else {
                continue;
            };
            if let Some(why) = validate::mistake(&Raw::from_json(schema.to_string())) {
                unusable = true;
                findings.error(
                    "schemas",
                    format!("`{key}` of tool `{}` is invalid: {why}", tool.original),
                    "mend it in the server, or `hide` the tool: many clients refuse the whole list",
                );
            }
        }
        let traits = traits(&entry);
        found.extend(traits.into_iter().map(|one| (one, tool.original.as_str())));
    }
    for one in Trait::ALL {
        let with: Vec<_> = found
            .iter()
            .filter(|(of_tool, _)| *of_tool == one)
            .map(|(_, name)| *name)
            .collect();
        if !with.is_empty() {
            let (what, next) = one.told();
            let have = if with.len() == 1 { "has" } else { "have" };
            let text = format!("{} {have} {what}", names(with));
            findings.warning("schemas", text, next);
        }
    }
    if found.is_empty() && !unusable && !exposed.is_empty() {
        findings.ok("schemas", "valid, and such as all clients take");
    }
}

/// The traits of one tool, each once.
fn traits(tool: &Map<String, Value>) -> Vec<Trait> {
    let mut traits = Vec::new();
    let input = tool.get("inputSchema");
    let output = tool.get("outputSchema");
    if let Some(input) = input
        && ["oneOf", "anyOf", "allOf"]
            .iter()
            .any(|key| input.get(key).is_some())
    {
        traits.push(Trait::Combinator);
    }
    for schema in [input, output].into_iter().flatten() {
        look(schema, 0, &mut traits);
    }
    if let Some(output) = output {
        let dialect = output.get("$schema").and_then(Value::as_str);
        if dialect.is_some_and(|dialect| !dialect.contains("2020-12")) {
            traits.push(Trait::OldDialect);
        }
        if output.get("type").is_some_and(|kind| kind != "object") {
            traits.push(Trait::NoObject);
        }
    }
    let description = tool.get("description").and_then(Value::as_str);
    if description.is_some_and(|text| text.len() > MAX_DESCRIPTION) {
        traits.push(Trait::LongDescription);
    }
    traits
}

/// Looks into a schema and all within it, and leaves alone what is data: defaults, examples, constants.
fn look(schema: &Value, depth: usize, traits: &mut Vec<Trait>) {
    let Value::Object(schema) = schema else {
        return;
    };
    if depth > MAX_DEPTH {
        return;
    }
    let mut note = |one| {
        if !traits.contains(&one) {
            traits.push(one);
        }
    };
    if schema.contains_key("$ref") {
        note(Trait::Reference);
    }
    if schema.get("type").is_some_and(Value::is_array) {
        note(Trait::TypeList);
    }
    if schema.get("nullable").is_some_and(Value::is_boolean) {
        note(Trait::Nullable);
    }
    for (key, value) in schema {
        match (key.as_str(), value) {
            (
                "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
                Value::Object(inner),
            ) => inner
                .values()
                .for_each(|inner| look(inner, depth + 1, traits)),
            ("allOf" | "anyOf" | "oneOf" | "prefixItems" | "items", Value::Array(inner)) => {
                inner
                    .iter()
                    .for_each(|inner| look(inner, depth + 1, traits));
            }
            (
                "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties",
                inner,
            ) => look(inner, depth + 1, traits),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(tool: &Value) -> Vec<Trait> {
        traits(tool.as_object().expect("an object"))
    }

    #[test]
    fn what_clients_refuse_is_found_wherever_it_stands() {
        for (schema, expected) in [
            (json!({"type": "object"}), vec![]),
            (json!({"anyOf": [{}]}), vec![Trait::Combinator]),
            (
                json!({"properties": {"a": {"items": {"$ref": "#/$defs/b"}}}}),
                vec![Trait::Reference],
            ),
            (
                json!({"properties": {"a": {"anyOf": [{"type": ["string", "null"]}]}}}),
                vec![Trait::TypeList],
            ),
            (
                json!({"properties": {"a": {"nullable": true}, "b": {"nullable": true}}}),
                vec![Trait::Nullable],
            ),
        ] {
            assert_eq!(of(&json!({ "inputSchema": schema })), expected, "{schema}");
        }
    }

    #[test]
    fn data_and_members_of_such_names_are_no_schemas() {
        let schema = json!({
            "properties": { "$ref": {"type": "string"}, "nullable": {"type": "boolean"} },
            "default": { "$ref": "x", "type": ["a"] },
            "examples": [{ "nullable": true }],
            "enum": [{ "$ref": "x" }],
        });
        assert_eq!(of(&json!({ "inputSchema": schema })), []);
    }

    #[test]
    fn results_and_descriptions_are_looked_at_as_well() {
        let output = json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "array"});
        let tool = json!({ "outputSchema": output, "description": "x".repeat(2_001) });
        let expected = [Trait::OldDialect, Trait::NoObject, Trait::LongDescription];
        assert_eq!(of(&tool), expected);
    }
}
