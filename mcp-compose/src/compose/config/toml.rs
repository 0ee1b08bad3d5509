//! A TOML file as a value, and where its keys stand.

use std::collections::HashMap;

use toml_edit::{Document, Item, TableLike};

use super::format::Places;
use super::value::Value;
use crate::line::line_and_column;

pub(super) fn parse(text: &str) -> Result<(Value, Places), String> {
    let document = Document::parse(text).map_err(|wrong| {
        let (line, column) = line_and_column(text, wrong.span().map_or(0, |span| span.start));
        let what = wrong.message().replace(char::is_control, " ");
        format!("line {line}, column {column}: {what}")
    })?;
    let mut walk = Walk::default();
    let value = walk.table(document.as_table(), "");
    let places = Places {
        text: text.to_owned(),
        offsets: walk.offsets,
    };
    Ok((value, places))
}

#[derive(Default)]
struct Walk {
    offsets: HashMap<String, usize>,
}

impl Walk {
    /// The table at `path`, which is empty for the whole file.
    fn table(&mut self, table: &dyn TableLike, path: &str) -> Value {
        let mut entries = Vec::new();
        for (name, item) in table.iter() {
            let escaped = name.escape_debug();
            let path = match path {
                "" => escaped.to_string(),
                _ => format!("{path}.{escaped}"),
            };
            let key = table.get_key_value(name).and_then(|(key, _)| key.span());
            self.note(&path, key.or_else(|| item.span()));
            entries.push((name.to_owned(), self.item(item, &path)));
        }
        Value::Object(entries)
    }

    fn item(&mut self, item: &Item, path: &str) -> Value {
        match item {
            Item::None => Value::Null,
            Item::Value(value) => self.value(value, path),
            Item::Table(table) => self.table(table, path),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().enumerate();
                let tables = tables.map(|(at, table)| {
                    let path = format!("{path}[{at}]");
                    self.note(&path, table.span());
                    self.table(table, &path)
                });
                Value::List(tables.collect())
            }
        }
    }

    fn value(&mut self, value: &toml_edit::Value, path: &str) -> Value {
        use toml_edit::Value as Toml;
        match value {
            Toml::String(text) => Value::Text(text.value().clone()),
            Toml::Integer(number) => Value::Number(*number.value() as f64),
            Toml::Float(number) => Value::Number(*number.value()),
            Toml::Boolean(flag) => Value::Bool(*flag.value()),
            Toml::Datetime(_) => Value::Date,
            Toml::Array(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(at, item)| {
                    let path = format!("{path}[{at}]");
                    self.note(&path, item.span());
                    self.value(item, &path)
                });
                Value::List(items.collect())
            }
            Toml::InlineTable(table) => self.table(table, path),
        }
    }

    fn note(&mut self, path: &str, span: Option<std::ops::Range<usize>>) {
        if let Some(span) = span {
            self.offsets.insert(path.to_owned(), span.start);
        }
    }
}
