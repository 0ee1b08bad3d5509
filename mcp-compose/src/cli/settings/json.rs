//! JSON as clients' settings have it: with comments and trailing commas, which stay where they are.

use jsonc_parser::ast::{Object, ObjectProp, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use super::{Broken, Edit, Spot, line_end};

/// Where nothing tells otherwise.
const INDENT: &str = "  ";

/// A file, taken apart.
struct Parsed<'a> {
    text: &'a str,
    /// `None`: the file is empty but for comments.
    root: Option<Node<'a>>,
    tokens: Vec<TokenAndRange<'a>>,
}

pub(super) fn value(text: &str) -> Result<Value, Broken> {
    let parsed = Parsed::of(text)?;
    match &parsed.root {
        None => Ok(Value::Object(Map::new())),
        Some(node) => of_node(text, node),
    }
}

pub(super) fn put(text: &str, spot: Spot<'_>, entry: &Value) -> Result<Vec<Edit>, Broken> {
    let parsed = Parsed::of(text)?;
    let end = line_end(text);
    let Some(root) = &parsed.root else {
        let written = Layout { unit: INDENT, end }.written(&wrapped(spot, entry), "");
        let kept = text.trim_end();
        let before = if kept.is_empty() { "" } else { end };
        return Ok(vec![Edit {
            at: kept.len()..text.len(),
            with: format!("{before}{written}{end}"),
        }]);
    };
    let root = object(text, root, "the file")?;
    let unit = match root.properties.first() {
        Some(first) => own_line(text, first.range.start).filter(|unit| !unit.is_empty()),
        None => None,
    };
    let layout = Layout {
        unit: unit.unwrap_or(INDENT),
        end,
    };
    let Some(table) = last_of(root, spot.table) else {
        let mut table = Map::new();
        table.insert(spot.name.to_owned(), entry.clone());
        return Ok(parsed.insert(root, spot.table, &Value::Object(table), layout));
    };
    let table = object(text, &table.value, spot.table)?;
    let Some(there) = last_of(table, spot.name) else {
        return Ok(parsed.insert(table, spot.name, entry, layout));
    };
    let line = own_line(text, there.range.start);
    let with = match line {
        Some(indent) => layout.written(entry, indent),
        None => inline(entry),
    };
    let range = there.value.range();
    Ok(vec![Edit {
        at: range.start..range.end,
        with,
    }])
}

pub(super) fn remove(text: &str, spot: Spot<'_>) -> Result<Vec<Edit>, Broken> {
    let parsed = Parsed::of(text)?;
    let nothing = || Broken::whole("has no such entry");
    let root = parsed.root.as_ref().ok_or_else(nothing)?;
    let root = object(text, root, "the file")?;
    let table = last_of(root, spot.table).ok_or_else(nothing)?;
    let table = object(text, &table.value, spot.table)?;
    let at = table
        .properties
        .iter()
        .rposition(|property| property.name.as_str() == spot.name)
        .ok_or_else(nothing)?;
    let entry = &table.properties[at];
    let comma = parsed.comma_after(entry.range.end);
    let end = comma.as_ref().map_or(entry.range.end, |comma| comma.end);
    let next = table.properties.get(at + 1);
    let mut edits = Vec::new();
    let before = text[..entry.range.start].trim_end().len();
    let behind = text[end..].trim_start_matches([' ', '\t']);
    let commented = behind.starts_with("//") || behind.starts_with("/*");
    let start = match next {
        // On one line with the next one: what stood before it now stands before that.
        Some(next)
            if own_line(text, next.range.start).is_none()
                && text[end..next.range.start].trim().is_empty() =>
        {
            edits.push(gone(entry.range.start..next.range.start));
            return Ok(edits);
        }
        // A comment behind it is not ours to take away; it keeps a line of its own.
        _ if commented => entry.range.start,
        _ => before,
    };
    let end = if commented {
        text.len() - behind.len()
    } else {
        end
    };
    if next.is_none() && comma.is_none() && at > 0 {
        let previous = &table.properties[at - 1];
        if let Some(comma) = parsed.comma_after(previous.range.end) {
            if comma.end == start {
                edits.push(gone(comma.start..end));
                return Ok(edits);
            }
            edits.push(gone(comma));
        }
    }
    let (open, close) = (table.range.start + 1, table.range.end - 1);
    let blank = |range: std::ops::Range<usize>| text[range].trim().is_empty();
    if table.properties.len() == 1 && blank(open..start) && blank(end..close) {
        return Ok(vec![gone(open..close)]);
    }
    edits.push(gone(start..end));
    Ok(edits)
}

fn gone(at: std::ops::Range<usize>) -> Edit {
    Edit {
        at,
        with: String::new(),
    }
}

fn wrapped(spot: Spot<'_>, entry: &Value) -> Value {
    serde_json::json!({ spot.table: { spot.name: entry } })
}

impl<'a> Parsed<'a> {
    fn of(text: &'a str) -> Result<Self, Broken> {
        let collect = CollectOptions {
            comments: CommentCollectionStrategy::Off,
            tokens: true,
        };
        let options = ParseOptions {
            allow_comments: true,
            allow_trailing_commas: true,
            allow_loose_object_property_names: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let parsed = parse_to_ast(text, &collect, &options)
            .map_err(|wrong| Broken::at(text, wrong.range().start, wrong.kind().to_string()))?;
        Ok(Parsed {
            text,
            root: parsed.value,
            tokens: parsed.tokens.unwrap_or_default(),
        })
    }

    /// The comma that is the first thing after `offset`, but for comments.
    fn comma_after(&self, offset: usize) -> Option<std::ops::Range<usize>> {
        let at = self
            .tokens
            .partition_point(|token| token.range.start < offset);
        let token = self.tokens.get(at)?;
        matches!(token.token, Token::Comma).then(|| token.range.start..token.range.end)
    }

    /// Puts a property behind all others of `object`, in the way that those are written.
    fn insert(&self, object: &Object<'_>, key: &str, value: &Value, layout: Layout) -> Vec<Edit> {
        let text = self.text;
        let (open, close) = (object.range.start + 1, object.range.end - 1);
        let filled = text[..close].trim_end().len();
        let key = Value::from(key);
        let Some((first, last)) = object.properties.first().zip(object.properties.last()) else {
            let outer = indent_of_line(text, object.range.start);
            let indent = format!("{outer}{}", layout.unit);
            let end = layout.end;
            let written = layout.written(value, &indent);
            let closed = if text[filled..close].contains('\n') {
                String::new()
            } else {
                format!("{end}{outer}")
            };
            // White space that holds the closing brace on its line stays.
            let at = if closed.is_empty() {
                filled..filled
            } else {
                filled..close
            };
            debug_assert!(at.start >= open);
            return vec![Edit {
                at,
                with: format!("{end}{indent}{key}: {written}{closed}"),
            }];
        };
        let Some(indent) = own_line(text, first.range.start) else {
            let at = last.range.end;
            return vec![Edit {
                at: at..at,
                with: format!(", {key}: {}", inline(value)),
            }];
        };
        let written = layout.written(value, indent);
        let entry = format!("{}{indent}{key}: {written}", layout.end);
        let at = last.range.end;
        if self.comma_after(at).is_some() {
            return vec![Edit {
                at: filled..filled,
                with: format!("{entry},"),
            }];
        }
        if filled == at {
            return vec![Edit {
                at: at..at,
                with: format!(",{entry}"),
            }];
        }
        vec![
            Edit {
                at: at..at,
                with: ",".to_owned(),
            },
            Edit {
                at: filled..filled,
                with: entry,
            },
        ]
    }
}

/// A file's own way to write.
#[derive(Clone, Copy)]
struct Layout<'a> {
    unit: &'a str,
    end: &'a str,
}

impl Layout<'_> {
    /// `value` over several lines, of which all but the first begin with `indent`.
    fn written(self, value: &Value, indent: &str) -> String {
        let Value::Object(members) = value else {
            return inline(value);
        };
        if members.is_empty() {
            return "{}".to_owned();
        }
        let inner = format!("{indent}{}", self.unit);
        let lines: Vec<_> = members
            .iter()
            .map(|(key, value)| {
                let value = self.written(value, &inner);
                format!("{inner}{}: {value}", Value::from(key.as_str()))
            })
            .collect();
        let (end, joint) = (self.end, format!(",{}", self.end));
        format!("{{{end}{}{end}{indent}}}", lines.join(&joint))
    }
}

/// `value` on one line, with spaces as people put them.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), inline(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

fn object<'n, 'a>(text: &str, node: &'n Node<'a>, what: &str) -> Result<&'n Object<'a>, Broken> {
    match node {
        Node::Object(object) => Ok(object),
        other => {
            let start = other.range().start;
            Err(Broken::at(text, start, format!("`{what}` is no object")))
        }
    }
}

/// Of a key that is given twice clients see the last one.
fn last_of<'n, 'a>(object: &'n Object<'a>, key: &str) -> Option<&'n ObjectProp<'a>> {
    let mut from_end = object.properties.iter().rev();
    from_end.find(|property| property.name.as_str() == key)
}

/// The white space before `offset`, if nothing else is before it on its line.
fn own_line(text: &str, offset: usize) -> Option<&str> {
    let start = text[..offset].rfind('\n')? + 1;
    let before = &text[start..offset];
    before.trim().is_empty().then_some(before)
}

fn indent_of_line(text: &str, offset: usize) -> &str {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[start..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn of_node(text: &str, node: &Node<'_>) -> Result<Value, Broken> {
    Ok(match node {
        Node::StringLit(string) => Value::from(&*string.value),
        Node::NumberLit(number) => serde_json::from_str(number.value).map_err(|_| {
            Broken::at(
                text,
                number.range.start,
                format!("{} is no number", number.value),
            )
        })?,
        Node::BooleanLit(flag) => Value::from(flag.value),
        Node::NullKeyword(_) => Value::Null,
        Node::Array(array) => {
            let items = array.elements.iter();
            Value::Array(
                items
                    .map(|item| of_node(text, item))
                    .collect::<Result<_, _>>()?,
            )
        }
        Node::Object(object) => {
            let mut members = Map::new();
            for property in &object.properties {
                members.insert(
                    property.name.as_str().to_owned(),
                    of_node(text, &property.value)?,
                );
            }
            Value::Object(members)
        }
    })
}
