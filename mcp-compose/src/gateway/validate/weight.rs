//! What a schema can cost: found out before it is compiled, so that no schema of a child's can keep anything busy.

use std::collections::HashMap;

use serde_json::Value;

/// Longest regular expression.
const MAX_PATTERN: usize = 1024;
/// Most regular expressions.
const MAX_PATTERNS: usize = 128;
/// Most steps for one value, references followed: a chain of doublings is short to write and long to walk.
const MAX_STEPS: u64 = 100_000;
/// Longest way down, references followed; each step of it takes stack.
const MAX_WAY: usize = 256;
/// The same for a schema that refers to itself, at each level of a value.
const MAX_STACK: usize = 2_048;

/// Keywords whose schemas look at the very value, not at a part of it.
const IN_PLACE: [&str; 11] = [
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependencies",
    "$ref",
    "extends",
];

/// The cost of checking a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    /// Steps at most for one level of a value.
    steps: u64,
    /// How often the schema leads back into itself from one level.
    loops: u64,
    /// The longest way down.
    way: usize,
    /// Whether it has keywords that look at what others have looked at.
    looks_back: bool,
}

/// The size of a value that is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) nodes: u64,
    pub(super) depth: usize,
}

impl Size {
    pub(super) fn of(value: &Value) -> Self {
        let parts: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(members) => members.values().collect(),
            _ => Vec::new(),
        };
        let mut size = Self { nodes: 1, depth: 1 };
        for part in parts {
            let part = Self::of(part);
            size.nodes += part.nodes;
            size.depth = size.depth.max(part.depth + 1);
        }
        size
    }
}

impl Weight {
    /// Weighs a schema, or says why it is too heavy.
    pub(super) fn of(schema: &Value) -> Result<Self, String> {
        let mut scales = Scales {
            root: schema,
            known: HashMap::new(),
            patterns: 0,
            looks_back: false,
        };
        let found = scales.weigh(schema, 0)?;
        let mut colours = HashMap::new();
        scales.every(schema, &mut |value| in_circles(schema, value, &mut colours))?;
        Ok(Self {
            steps: found.steps,
            loops: found.loops,
            way: found.way,
            looks_back: scales.looks_back,
        })
    }

    /// Steps at most for a value of this size; `None` where that takes too much stack.
    pub(super) fn steps_for(&self, size: Size) -> Option<u64> {
        let mut steps = self.steps.saturating_mul(size.nodes);
        if self.loops > 0 {
            if self.way.saturating_mul(size.depth) > MAX_STACK {
                return None;
            }
            // One loop goes through a value once, however deep; two can split at every level.
            let depth = u32::try_from(size.depth).unwrap_or(u32::MAX);
            steps = steps.saturating_mul(self.loops.saturating_pow(depth));
        }
        if self.looks_back {
            steps = steps.saturating_mul(size.nodes);
        }
        Some(steps)
    }
}

/// What is known of a part of a schema.
#[derive(Clone, Copy)]
enum Known {
    /// It is being weighed: whoever refers to it closes a loop.
    Open,
    Weighed(Found),
}

#[derive(Clone, Copy)]
struct Found {
    steps: u64,
    loops: u64,
    way: usize,
}

struct Scales<'s> {
    root: &'s Value,
    /// By the address of the part.
    known: HashMap<*const Value, Known>,
    patterns: usize,
    looks_back: bool,
}

impl<'s> Scales<'s> {
    fn weigh(&mut self, value: &'s Value, way: usize) -> Result<Found, String> {
        if way > MAX_WAY {
            return Err("it refers from one part to the next too often".to_owned());
        }
        let key = std::ptr::from_ref(value);
        match self.known.get(&key) {
            Some(Known::Open) => {
                return Ok(Found {
                    steps: 1,
                    loops: 1,
                    way: 1,
                });
            }
            Some(Known::Weighed(found)) => {
                if way + found.way > MAX_WAY {
                    return Err("it refers from one part to the next too often".to_owned());
                }
                return Ok(*found);
            }
            None => {}
        }
        self.known.insert(key, Known::Open);
        let mut all = Found {
            steps: 1,
            loops: 0,
            way: 1,
        };
        let mut add = |part: Found| {
            all.steps = all.steps.saturating_add(part.steps);
            all.loops = all.loops.saturating_add(part.loops);
            all.way = all.way.max(part.way + 1);
        };
        match value {
            Value::Array(items) => {
                for item in items {
                    add(self.weigh(item, way + 1)?);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.note(name, member)?;
                    add(self.weigh(member, way + 1)?);
                    if let Some(target) = self.target(name, member) {
                        add(self.weigh(target, way + 1)?);
                    }
                }
            }
            _ => {}
        }
        if all.steps > MAX_STEPS || all.loops > MAX_STEPS {
            return Err("its parts refer to each other in too many ways".to_owned());
        }
        self.known.insert(key, Known::Weighed(all));
        Ok(all)
    }

    fn note(&mut self, name: &str, member: &Value) -> Result<(), String> {
        let patterns: Vec<&str> = match (name, member) {
            ("pattern", Value::String(pattern)) => vec![pattern],
            ("patternProperties", Value::Object(members)) => {
                members.keys().map(String::as_str).collect()
            }
            ("unevaluatedProperties" | "unevaluatedItems", _) => {
                self.looks_back = true;
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.patterns += patterns.len();
        if self.patterns > MAX_PATTERNS {
            return Err(format!("it has more than {MAX_PATTERNS} patterns"));
        }
        match patterns.iter().find(|pattern| pattern.len() > MAX_PATTERN) {
            Some(pattern) => Err(format!(
                "it has a pattern of {} bytes; at most {MAX_PATTERN} are compiled",
                pattern.len()
            )),
            None => Ok(()),
        }
    }

    /// What a member refers to. What cannot be found here is taken for the whole.
    fn target(&self, name: &str, member: &'s Value) -> Option<&'s Value> {
        refers(self.root, name, member)
    }

    /// Looks at every part that was weighed.
    fn every(
        &self,
        value: &'s Value,
        look: &mut impl FnMut(&'s Value) -> Result<(), String>,
    ) -> Result<(), String> {
        look(value)?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.every(item, look)),
            Value::Object(members) => members.values().try_for_each(|part| self.every(part, look)),
            _ => Ok(()),
        }
    }
}

fn refers<'s>(root: &'s Value, name: &str, member: &'s Value) -> Option<&'s Value> {
    if !matches!(name, "$ref" | "$dynamicRef" | "$recursiveRef") {
        return None;
    }
    let pointer = member.as_str()?.strip_prefix('#');
    Some(
        pointer
            .and_then(|pointer| root.pointer(pointer))
            .unwrap_or(root),
    )
}

/// Whether a part leads back to itself without a step into the value: checking it would never end.
fn in_circles<'s>(
    root: &'s Value,
    value: &'s Value,
    colours: &mut HashMap<*const Value, bool>,
) -> Result<(), String> {
    let Value::Object(members) = value else {
        return Ok(());
    };
    let key = std::ptr::from_ref(value);
    match colours.get(&key) {
        Some(true) => return Ok(()),
        Some(false) => return Err("a part of it is defined by itself".to_owned()),
        None => {}
    }
    colours.insert(key, false);
    for (name, member) in members {
        if let Some(target) = refers(root, name, member) {
            in_circles(root, target, colours)?;
        } else if IN_PLACE.contains(&name.as_str()) {
            match member {
                Value::Array(parts) => {
                    for part in parts {
                        in_circles(root, part, colours)?;
                    }
                }
                Value::Object(parts) if name.starts_with("depend") => {
                    for part in parts.values() {
                        in_circles(root, part, colours)?;
                    }
                }
                part => in_circles(root, part, colours)?,
            }
        }
    }
    colours.insert(key, true);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(schema: &Value) -> String {
        Weight::of(schema).expect_err("it is too heavy")
    }

    fn steps(schema: &Value, value: &Value) -> Option<u64> {
        Weight::of(schema)
            .expect("it is light")
            .steps_for(Size::of(value))
    }

    #[test]
    fn t24_what_is_short_to_write_and_long_to_walk_is_refused() {
        let mut defs = serde_json::Map::new();
        for n in 0..20 {
            let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
            defs.insert(format!("d{n}"), json!({ "allOf": [next, next] }));
        }
        defs.insert("d20".to_owned(), json!({ "type": "object" }));
        assert!(refused(&json!({ "$ref": "#/$defs/d0", "$defs": defs })).contains("too many ways"));

        let mut chain = serde_json::Map::new();
        for n in 0..2000 {
            chain.insert(
                format!("d{n}"),
                json!({ "$ref": format!("#/$defs/d{}", n + 1) }),
            );
        }
        chain.insert("d2000".to_owned(), json!({}));
        assert!(refused(&json!({ "$ref": "#/$defs/d0", "$defs": chain })).contains("too often"));

        for circle in [
            json!({ "$ref": "#" }),
            json!({ "anyOf": [{ "$ref": "#" }] }),
            json!({ "properties": { "a": { "$ref": "#/$defs/x" } }, "$defs": { "x": { "not": { "$ref": "#/$defs/y" } }, "y": { "allOf": [{ "$ref": "#/$defs/x" }] } } }),
            json!({ "$dynamicRef": "#meta" }),
        ] {
            assert!(refused(&circle).contains("by itself"), "{circle}");
        }
        assert!(refused(&json!({ "pattern": "a".repeat(2000) })).contains("2000 bytes"));
        let many: serde_json::Map<_, _> = (0..200)
            .map(|n| (format!("p{n}"), json!({ "pattern": "x" })))
            .collect();
        assert!(refused(&json!({ "properties": many })).contains("patterns"));
    }

    #[test]
    fn t24_a_schema_that_refers_to_itself_is_weighed_with_the_value() {
        let list = json!({ "properties": { "next": { "$ref": "#" } } });
        let fork = json!({ "allOf": [{ "properties": { "a": { "$ref": "#" } } }, { "properties": { "a": { "$ref": "#" } } }] });
        let mut deep = json!({});
        for _ in 0..40 {
            deep = json!({ "next": deep, "a": {} });
        }
        assert!(steps(&list, &deep).is_some_and(|steps| steps < 10_000));
        assert!(steps(&fork, &deep).is_none_or(|steps| steps > 1 << 40));
        assert!(steps(&fork, &json!({ "a": { "a": 1 } })).is_some_and(|steps| steps < 1000));
    }
}
