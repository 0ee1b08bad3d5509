//! One field of a form: what is asked for, and what a typed line means.

use jsonschema::{PatternOptions, Validator};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::shown;
use super::terminal::Terminal;
use crate::wire::Object;
use crate::wire::json::{decode_string, quote};

/// Fields that are asked one after the other.
const MAX_FIELDS: usize = 64;

/// A field of a form.
pub(super) struct Field {
    pub(super) name: String,
    title: String,
    description: Option<String>,
    kind: Kind,
    required: bool,
    /// JSON.
    default: Option<String>,
    /// `None`: its schema cannot be used; the child decides.
    check: Option<Validator>,
}

/// What is typed for a field.
enum Kind {
    Text,
    Number,
    YesOrNo,
    One(Vec<Choice>),
    Many(Vec<Choice>),
    /// What the protocol does not have: the person writes JSON.
    Json,
}

struct Choice {
    /// JSON.
    value: String,
    /// The value for people.
    plain: String,
    title: Option<String>,
}

/// A property of a requested schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    #[serde(rename = "type")]
    kind: Option<Value>,
    title: Option<String>,
    description: Option<String>,
    #[serde(flatten)]
    choices: Choices,
    /// Titles of the values of `enum`, as 2025-06-18 has them.
    enum_names: Option<Vec<String>>,
    items: Option<Choices>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Choices {
    #[serde(rename = "enum")]
    values: Option<Vec<Value>>,
    one_of: Option<Vec<Titled>>,
    any_of: Option<Vec<Titled>>,
}

#[derive(Deserialize)]
struct Titled {
    #[serde(rename = "const")]
    value: Value,
    title: Option<String>,
}

/// The fields that a requested schema has, in its order; or what is wrong with it.
pub(super) fn fields(schema: &str) -> Result<Vec<Field>, String> {
    let wrong = |what: &str, why: &dyn std::fmt::Display| format!("{what} cannot be read: {why}");
    let schema = Object::parse(schema).map_err(|why| wrong("the requested schema", &why))?;
    let required: Vec<String> = match schema.get("required") {
        Some(names) => {
            serde_json::from_str(names).map_err(|why| wrong("the list of required fields", &why))?
        }
        None => Vec::new(),
    };
    let properties = Object::parse(schema.get("properties").unwrap_or("{}"))
        .map_err(|why| wrong("the list of fields", &why))?;
    let fields: Vec<_> = properties
        .iter()
        .map(|(name, property)| {
            let required = required.iter().any(|known| known == name);
            Field::parse(name, property, required)
                .map_err(|why| wrong(&format!("the field `{}`", name.escape_debug()), &why))
        })
        .collect::<Result<_, _>>()?;
    if fields.len() > MAX_FIELDS {
        return Err(format!("a form has at most {MAX_FIELDS} fields here"));
    }
    Ok(fields)
}

impl Field {
    fn parse(name: &str, text: &str, required: bool) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Preset {
            default: Option<Box<RawValue>>,
        }
        let property: Property = serde_json::from_str(text)?;
        let preset: Preset = serde_json::from_str(text)?;
        let kind = property.kind.as_ref().and_then(Value::as_str);
        let names = property.enum_names;
        let kind = match (property.choices.listed(names), property.items, kind) {
            (Some(choices), _, _) => Kind::One(choices),
            (None, Some(items), Some("array")) => items.listed(None).map_or(Kind::Json, Kind::Many),
            (None, _, Some("string")) => Kind::Text,
            (None, _, Some("number" | "integer")) => Kind::Number,
            (None, _, Some("boolean")) => Kind::YesOrNo,
            _ => Kind::Json,
        };
        Ok(Field {
            name: name.to_owned(),
            title: property.title.unwrap_or_else(|| name.to_owned()),
            description: property.description,
            kind,
            required,
            default: preset.default.map(|value| value.get().to_owned()),
            check: compile(text),
        })
    }

    /// Asks until the person has given what fits: JSON, or `None` for a field that is left out.
    /// The outer `None`: they ended the input.
    pub(super) async fn ask(&self, terminal: &mut impl Terminal) -> Option<Option<String>> {
        terminal.show(&self.question());
        loop {
            terminal.show("> ");
            let line = terminal.line().await?;
            match self.given(&line) {
                Ok(value) => return Some(value),
                Err(why) => terminal.show(&format!("  {}\n", shown::line(&why))),
            }
        }
    }

    /// The field with its value, for people.
    pub(super) fn with(&self, value: Option<&str>) -> String {
        let value = value.map_or_else(|| "(left out)".to_owned(), |value| self.plain(value));
        format!("{}: {}", shown::line(&self.title), shown::line(&value))
    }

    fn question(&self) -> String {
        let what = match self.kind {
            Kind::Text => "text",
            Kind::Number => "a number",
            Kind::YesOrNo => "yes or no",
            Kind::One(_) => "one of these",
            Kind::Many(_) => "any of these, with commas between",
            Kind::Json => "JSON",
        };
        let unless = match (&self.default, self.required) {
            (Some(value), _) => format!("Enter: {}", shown::line(&self.plain(value))),
            (None, true) => "required".to_owned(),
            (None, false) => "Enter leaves it out".to_owned(),
        };
        let mut text = format!("{} ({what}; {unless})\n", shown::line(&self.title));
        if let Some(description) = &self.description {
            text.push_str(&shown::quoted(description));
        }
        if let Kind::One(choices) | Kind::Many(choices) = &self.kind {
            let numbered = numbered(choices);
            for (at, choice) in choices.iter().enumerate() {
                let mark = if numbered {
                    (at + 1).to_string()
                } else {
                    "-".to_owned()
                };
                text.push_str(&format!("  {mark}  {}\n", shown::line(&choice.shown())));
            }
        }
        text
    }

    /// What the typed line means.
    fn given(&self, line: &str) -> Result<Option<String>, String> {
        if line.trim().is_empty() {
            return match (&self.default, self.required) {
                (Some(value), _) => Ok(Some(value.clone())),
                (None, false) => Ok(None),
                (None, true) => Err("it is required; Ctrl-D cancels".to_owned()),
            };
        }
        let value = self.kind.read(line)?;
        if let Some(check) = &self.check
            && let Ok(parsed) = serde_json::from_str(&value)
            && let Err(error) = check.validate(&parsed)
        {
            return Err(format!("it does not fit: {error}"));
        }
        Ok(Some(value))
    }

    /// A value for people.
    fn plain(&self, value: &str) -> String {
        let one = |choices: &[Choice], value: &str| {
            let known = choices.iter().find(|choice| choice.value == value);
            known.map_or_else(|| plain(value), Choice::shown)
        };
        match &self.kind {
            Kind::YesOrNo if value == "true" => "yes".to_owned(),
            Kind::YesOrNo if value == "false" => "no".to_owned(),
            Kind::One(choices) => one(choices, value),
            Kind::Many(choices) => match serde_json::from_str::<Vec<Value>>(value) {
                Ok(values) => {
                    let values = values.iter().map(|value| one(choices, &value.to_string()));
                    values.collect::<Vec<_>>().join(", ")
                }
                Err(_) => value.to_owned(),
            },
            _ => plain(value),
        }
    }
}

impl Kind {
    /// The JSON that a line stands for.
    fn read(&self, line: &str) -> Result<String, String> {
        let typed = line.trim();
        match self {
            Kind::Text => Ok(quote(line)),
            Kind::Number => serde_json::from_str::<Number>(typed)
                .map(|_| typed.to_owned())
                .map_err(|_| "that is no number, such as 12 or 0.5".to_owned()),
            Kind::YesOrNo => match typed.to_lowercase().as_str() {
                "y" | "yes" | "true" => Ok("true".to_owned()),
                "n" | "no" | "false" => Ok("false".to_owned()),
                _ => Err("answer yes or no".to_owned()),
            },
            Kind::One(choices) => choose(choices, typed).map(|choice| choice.value.clone()),
            Kind::Many(choices) => {
                let mut values: Vec<&str> = Vec::new();
                for part in typed.split(',') {
                    let value = choose(choices, part.trim())?.value.as_str();
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                Ok(format!("[{}]", values.join(",")))
            }
            Kind::Json => serde_json::from_str::<&RawValue>(typed)
                .map(|value| value.get().to_owned())
                .map_err(|why| format!("that is not JSON: {why}")),
        }
    }
}

impl Choices {
    fn listed(self, names: Option<Vec<String>>) -> Option<Vec<Choice>> {
        if let Some(titled) = self.one_of.or(self.any_of) {
            let choices = titled.into_iter();
            return Some(choices.map(|of| Choice::new(&of.value, of.title)).collect());
        }
        let mut names = names.unwrap_or_default().into_iter();
        let values = self.values?.into_iter();
        Some(values.map(|of| Choice::new(&of, names.next())).collect())
    }
}

impl Choice {
    fn new(value: &Value, title: Option<String>) -> Self {
        let value = value.to_string();
        let plain = plain(&value);
        Choice {
            title: title.filter(|title| *title != plain),
            value,
            plain,
        }
    }

    fn shown(&self) -> String {
        match &self.title {
            Some(title) => format!("{title} ({})", self.plain),
            None => self.plain.clone(),
        }
    }
}

/// Choices have numbers, unless one of them could be taken for a number.
fn numbered(choices: &[Choice]) -> bool {
    let is_number = |text: &str| text.trim().parse::<usize>().is_ok();
    !choices
        .iter()
        .any(|of| is_number(&of.plain) || of.title.as_deref().is_some_and(is_number))
}

fn choose<'a>(choices: &'a [Choice], typed: &str) -> Result<&'a Choice, String> {
    if let Some(exact) = choices.iter().find(|of| of.plain == typed) {
        return Ok(exact);
    }
    let titled: Vec<_> = choices
        .iter()
        .filter(|of| of.title.as_deref() == Some(typed))
        .collect();
    if let [only] = titled[..] {
        return Ok(only);
    }
    let number = typed.parse::<usize>().ok().filter(|_| numbered(choices));
    number
        .and_then(|number| choices.get(number.checked_sub(1)?))
        .ok_or_else(|| format!("`{typed}` is none of the choices"))
}

fn plain(value: &str) -> String {
    decode_string(value).map_or_else(|| value.to_owned(), Into::into)
}

fn compile(schema: &str) -> Option<Validator> {
    let schema: Value = serde_json::from_str(schema).ok()?;
    // No retriever is built in: a schema that refers elsewhere is unusable.
    jsonschema::options()
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex())
        .build(&schema)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::terminal::Script;

    fn field(property: &str, required: bool) -> Field {
        Field::parse("f", property, required).expect("a field")
    }

    /// What the lines come to, and all that was shown.
    async fn asked(property: &str, required: bool, lines: &[&str]) -> (Option<String>, String) {
        let mut terminal = Script::of(lines);
        let field = field(property, required);
        let value = field.ask(&mut terminal).await.expect("an answer");
        assert!(terminal.lines.is_empty(), "asked until it fitted");
        (value, terminal.shown)
    }

    async fn value(property: &str, lines: &[&str]) -> Option<String> {
        asked(property, true, lines).await.0
    }

    #[tokio::test]
    async fn what_is_typed_becomes_a_value_of_the_type() {
        for (property, line, expected) in [
            (r#"{"type":"string"}"#, " a \"b\" ", r#"" a \"b\" ""#),
            (
                r#"{"type":"number"}"#,
                "12345678901234567890.10",
                "12345678901234567890.10",
            ),
            (r#"{"type":"integer"}"#, " 7 ", "7"),
            (r#"{"type":"boolean"}"#, "Y", "true"),
            (r#"{"type":"boolean"}"#, "no", "false"),
            (
                r#"{"type":"string","enum":["Red","Green"]}"#,
                "2",
                r#""Green""#,
            ),
            (r#"{"enum":["Red","Green"]}"#, "Red", r#""Red""#),
            (
                r##"{"type":"string","oneOf":[{"const":"#F00","title":"Red"},{"const":"#0F0","title":"Green"}]}"##,
                "Green",
                r##""#0F0""##,
            ),
            (
                r#"{"type":"string","enum":["r","g"],"enumNames":["Red","Green"]}"#,
                "Green",
                r#""g""#,
            ),
            (
                r#"{"type":"array","items":{"type":"string","enum":["a","b","c"]}}"#,
                "3, a,3",
                r#"["c","a"]"#,
            ),
            (
                r#"{"type":"array","items":{"anyOf":[{"const":"x","title":"X-ray"}]}}"#,
                "X-ray",
                r#"["x"]"#,
            ),
            (r#"{"type":"object"}"#, r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            let given = value(property, &[line]).await;
            assert_eq!(given.as_deref(), Some(expected), "{property}");
        }
    }

    #[tokio::test]
    async fn what_does_not_fit_is_asked_again() {
        for (property, wrong, right) in [
            (r#"{"type":"string","minLength":3}"#, "ab", "abc"),
            (r#"{"type":"string","pattern":"^[a-z]+$"}"#, "A", "a"),
            (
                r#"{"type":"string","format":"email"}"#,
                "nobody",
                "a@example.com",
            ),
            (
                r#"{"type":"string","format":"date"}"#,
                "tomorrow",
                "2026-01-31",
            ),
            (
                r#"{"type":"string","format":"uri"}"#,
                "a b",
                "https://example.com",
            ),
            (r#"{"type":"string"}"#, "", "x"),
            (r#"{"type":"number","maximum":3}"#, "4", "3"),
            (r#"{"type":"number"}"#, "+1", "1"),
            (r#"{"type":"integer"}"#, "1.5", "1"),
            (r#"{"type":"boolean"}"#, "maybe", "yes"),
            (r#"{"type":"string","enum":["a","b"]}"#, "3", "2"),
            (r#"{"type":"string","enum":["a","b"]}"#, "0", "1"),
            (
                r#"{"type":"array","maxItems":1,"items":{"enum":["a","b"]}}"#,
                "1,2",
                "1",
            ),
            (r#"{"type":"null"}"#, "nil", "null"),
        ] {
            let (once, _) = asked(property, true, &[wrong, right]).await;
            assert_eq!(once, value(property, &[right]).await, "{property}");
        }
        let (_, shown) = asked(r#"{"type":"string","minLength":3}"#, true, &["ab", "abc"]).await;
        assert!(
            shown.contains("it does not fit: \"ab\" is shorter"),
            "{shown}"
        );
    }

    #[tokio::test]
    async fn an_empty_line_takes_the_default_or_leaves_out_what_is_not_required() {
        let property =
            r#"{"type":"string","title":"Town","description":"Where\nyou live","default":"Basel"}"#;
        let (given, shown) = asked(property, true, &[""]).await;
        assert_eq!(given.as_deref(), Some(r#""Basel""#));
        assert_eq!(
            shown,
            "Town (text; Enter: Basel)\n  | Where\n  | you live\n> \n"
        );
        let (given, shown) = asked(r#"{"type":"boolean"}"#, false, &[""]).await;
        assert_eq!(given, None);
        assert_eq!(shown, "f (yes or no; Enter leaves it out)\n> \n");
    }

    #[tokio::test]
    async fn choices_that_are_numbers_are_not_numbered() {
        let (given, shown) = asked(r#"{"enum":["3","1","2"]}"#, true, &["1"]).await;
        assert_eq!(given.as_deref(), Some(r#""1""#));
        assert_eq!(
            shown,
            "f (one of these; required)\n  -  3\n  -  1\n  -  2\n> 1\n"
        );
    }

    #[tokio::test]
    async fn a_default_of_choices_is_shown_by_its_titles() {
        let property = r##"{"type":"array","default":["#F00","#00F"],"items":{"anyOf":[{"const":"#F00","title":"Red"},{"const":"#00F","title":"Blue"}]}}"##;
        let (given, shown) = asked(property, false, &[""]).await;
        assert_eq!(given.as_deref(), Some(r##"["#F00","#00F"]"##));
        assert!(shown.contains("Enter: Red (#F00), Blue (#00F))"), "{shown}");
    }

    #[tokio::test]
    async fn the_end_of_input_is_no_value() {
        let mut terminal = Script::of(&["x"]);
        let field = field(r#"{"type":"integer"}"#, true);
        assert!(field.ask(&mut terminal).await.is_none());
    }

    #[test]
    fn a_schema_that_cannot_be_read_is_told() {
        for (schema, why) in [
            ("[]", "the requested schema cannot be read"),
            (r#"{"required":"a"}"#, "the list of required fields"),
            (r#"{"properties":{"a":1}}"#, "the field `a` cannot be read"),
            (
                r#"{"properties":{"a":{},"a":{}}}"#,
                "the list of fields cannot be read",
            ),
        ] {
            let found = fields(schema).err().expect("a mistake");
            assert!(found.starts_with(why), "{schema}: {found}");
        }
        assert!(fields("{}").expect("no field").is_empty());
    }

    #[test]
    fn fields_keep_the_order_of_the_schema() {
        let schema = r#"{"type":"object","required":["z"],"properties":{"z":{"type":"string"},"a":{"type":"string"}}}"#;
        let fields = fields(schema).expect("fields");
        let names: Vec<_> = fields
            .iter()
            .map(|f| (f.name.as_str(), f.required))
            .collect();
        assert_eq!(names, [("z", true), ("a", false)]);
    }
}
