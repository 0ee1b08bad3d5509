//! TOML: where tables stand in it. The text itself is edited, so that everything else stays.

use std::ops::Range;

use serde_json::{Map, Value};
use toml_edit::{Document, Item, Table, TableLike};

use super::{Broken, Edit, Spot, line_end};

pub(super) fn value(text: &str) -> Result<Value, Broken> {
    Ok(of_table(parsed(text)?.as_table()))
}

pub(super) fn put(text: &str, spot: Spot<'_>, entry: &Value) -> Result<Vec<Edit>, Broken> {
    let document = parsed(text)?;
    let end = line_end(text);
    let block = written(spot, entry, end);
    let there = document
        .get(spot.table)
        .and_then(|table| table.get(spot.name));
    if there.is_none() {
        let kept = text.trim_end();
        // What ends the last line, and an empty line before the new table.
        let before = match (kept.is_empty(), text[kept.len()..].contains('\n')) {
            (true, _) => String::new(),
            (false, true) => end.to_owned(),
            (false, false) => format!("{end}{end}"),
        };
        return Ok(vec![Edit {
            at: text.len()..text.len(),
            with: format!("{before}{block}"),
        }]);
    }
    let mut stretches = stretches(text, &document, spot)?.into_iter();
    let first = stretches.next().ok_or_else(by_hand)?;
    let mut edits = vec![Edit {
        at: first,
        with: block,
    }];
    edits.extend(stretches.map(|at| Edit {
        at,
        with: String::new(),
    }));
    Ok(edits)
}

pub(super) fn remove(text: &str, spot: Spot<'_>) -> Result<Vec<Edit>, Broken> {
    let document = parsed(text)?;
    let stretches = stretches(text, &document, spot)?;
    let edits = stretches.into_iter().map(|at| {
        // The empty line that was put before it goes with it.
        let before = text[..at.start].strip_suffix('\n').unwrap_or("");
        let before = before.strip_suffix('\r').unwrap_or(before);
        let start = if before.ends_with('\n') {
            before.len()
        } else {
            at.start
        };
        Edit {
            at: start..at.end,
            with: String::new(),
        }
    });
    Ok(edits.collect())
}

fn parsed(text: &str) -> Result<Document<&str>, Broken> {
    Document::parse(text).map_err(|wrong| {
        let at = wrong.span().map_or(0, |span| span.start);
        Broken::at(text, at, wrong.message())
    })
}

fn by_hand() -> Broken {
    Broken::whole("has the entry in another form than a table of its own; edit it by hand")
}

/// Whole lines of the entry's tables: from a header to the last line that is not empty or a comment of what follows.
fn stretches(
    text: &str,
    document: &Document<&str>,
    spot: Spot<'_>,
) -> Result<Vec<Range<usize>>, Broken> {
    let mut tables = Vec::new();
    headers(document.as_table(), &mut Vec::new(), &mut tables);
    tables.sort_by_key(|(start, _)| *start);
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, (start, path)) in tables.iter().enumerate() {
        if path.first().is_none_or(|table| table != spot.table)
            || path.get(1).is_none_or(|name| name != spot.name)
        {
            continue;
        }
        let next = tables.get(at + 1).map_or(text.len(), |(start, _)| *start);
        let end = start + used(&text[*start..next]);
        match found.last_mut() {
            Some(last) if text[last.end..*start].trim().is_empty() => last.end = end,
            _ => found.push(*start..end),
        }
    }
    if found.is_empty() {
        return Err(by_hand());
    }
    Ok(found)
}

/// The length of `table` up to its last line that says something.
fn used(table: &str) -> usize {
    let (mut length, mut end) = (0, 0);
    for line in table.split_inclusive('\n') {
        length += line.len();
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            end = length;
        }
    }
    end
}

/// All `[headers]`, each with where its line begins.
fn headers(table: &Table, path: &mut Vec<String>, found: &mut Vec<(usize, Vec<String>)>) {
    for (key, item) in table {
        path.push(key.to_owned());
        match item {
            Item::Table(inner) => {
                if let Some(span) = inner.span()
                    && !inner.is_dotted()
                    && !inner.is_implicit()
                {
                    found.push((span.start, path.clone()));
                }
                headers(inner, path, found);
            }
            Item::ArrayOfTables(tables) => {
                for inner in tables {
                    if let Some(span) = inner.span() {
                        found.push((span.start, path.clone()));
                    }
                    headers(inner, path, found);
                }
            }
            Item::None | Item::Value(_) => {}
        }
        path.pop();
    }
}

fn written(spot: Spot<'_>, entry: &Value, end: &str) -> String {
    let key = |key: &str| toml_edit::Key::new(key).display_repr().into_owned();
    let mut out = format!("[{}.{}]{end}", key(spot.table), key(spot.name));
    if let Value::Object(members) = entry {
        for (name, value) in members {
            let value = to_toml(value);
            out.push_str(&format!("{} = {value}{end}", key(name)));
        }
    }
    out
}

fn to_toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::Array(items) => items
            .iter()
            .map(to_toml)
            .collect::<toml_edit::Array>()
            .into(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(key, value)| (key.as_str(), to_toml(value)));
            members.collect::<toml_edit::InlineTable>().into()
        }
        // TOML has none; no entry of ours has one.
        Value::Null => "".into(),
    }
}

fn of_table(table: &dyn TableLike) -> Value {
    let members = table.iter();
    let members = members.map(|(key, item)| (key.to_owned(), of_item(item)));
    Value::Object(members.collect::<Map<_, _>>())
}

fn of_item(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => of_value(value),
        Item::Table(table) => of_table(table),
        Item::ArrayOfTables(tables) => {
            let tables = tables.iter();
            Value::Array(tables.map(|table| of_table(table)).collect())
        }
    }
}

fn of_value(value: &toml_edit::Value) -> Value {
    use toml_edit::Value as Toml;
    match value {
        Toml::String(text) => Value::from(text.value().as_str()),
        Toml::Integer(number) => Value::from(*number.value()),
        Toml::Float(number) => Value::from(*number.value()),
        Toml::Boolean(flag) => Value::from(*flag.value()),
        Toml::Datetime(time) => Value::from(time.value().to_string()),
        Toml::Array(items) => Value::Array(items.iter().map(of_value).collect()),
        Toml::InlineTable(table) => of_table(table),
    }
}
