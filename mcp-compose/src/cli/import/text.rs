//! Strings of a settings file: what stands in them as it is, and what is a variable.

/// A string, part by part.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Text(pub(super) Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Plain(String),
    Variable {
        name: String,
        /// What stands for it when it is unset or empty.
        default: Option<String>,
    },
}

impl Text {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Text(vec![Part::Plain(text.into())])
    }

    pub(super) fn variable(name: impl Into<String>) -> Self {
        Text(vec![Part::Variable {
            name: name.into(),
            default: None,
        }])
    }

    /// The whole, if no variable is in it.
    pub(super) fn as_plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Plain(text)] => Some(text),
            _ => None,
        }
    }

    pub(super) fn push_plain(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Plain(last)) => last.push_str(text),
            _ => self.0.push(Part::Plain(text.to_owned())),
        }
    }

    pub(super) fn push(&mut self, part: Part) {
        match part {
            Part::Plain(text) => self.push_plain(&text),
            variable => self.0.push(variable),
        }
    }

    /// The text behind `prefix`, if it begins with that.
    pub(super) fn strip_prefix(&self, prefix: &str) -> Option<Text> {
        let (first, rest) = self.0.split_first()?;
        let Part::Plain(first) = first else {
            return None;
        };
        let mut text = Text::default();
        text.push_plain(first.strip_prefix(prefix)?);
        text.0.extend_from_slice(rest);
        Some(text)
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            Part::Plain(_) => None,
        })
    }
}

/// Takes a string apart as clients do: `${VAR}`, `${env:VAR}`, `${VAR:-default}`, `${input:id}`. With `bare` also
/// `$VAR` and `%VAR%`, for those that know these. What else stands in `${}` is told to `strange`.
pub(super) fn text(raw: &str, bare: bool, strange: &mut dyn FnMut(&str)) -> Text {
    let mut text = Text::default();
    let mut rest = raw;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}').map(|end| at + end) else {
            break;
        };
        plain(&rest[..at], bare, &mut text);
        let inside = &rest[at + 2..end];
        match variable(inside) {
            Some(part) => text.push(part),
            None => {
                strange(inside);
                text.push_plain(&rest[at..=end]);
            }
        }
        rest = &rest[end + 1..];
    }
    plain(rest, bare, &mut text);
    text
}

/// A stretch without `${}`.
fn plain(text: &str, bare: bool, out: &mut Text) {
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']).filter(|_| bare) {
        let mark = &rest[at..=at];
        let name: String = rest[at + 1..]
            .chars()
            .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
            .collect();
        let behind = &rest[at + 1 + name.len()..];
        let closed = if mark == "%" {
            behind.strip_prefix('%')
        } else {
            Some(behind)
        };
        out.push_plain(&rest[..at]);
        match closed.filter(|_| is_variable_name(&name)) {
            Some(behind) => {
                out.push(Part::Variable {
                    name,
                    default: None,
                });
                rest = behind;
            }
            None => {
                out.push_plain(mark);
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_plain(rest);
}

fn variable(inside: &str) -> Option<Part> {
    if let Some(id) = inside.strip_prefix("input:") {
        return Some(Part::Variable {
            name: variable_name(id),
            default: None,
        });
    }
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inside, None),
    };
    let name = name.strip_prefix("env:").unwrap_or(name);
    let name = match name {
        "userHome" => "HOME",
        "workspaceFolder" | "workspaceRoot" => "WORKSPACE_FOLDER",
        name => name,
    };
    is_variable_name(name).then(|| Part::Variable {
        name: name.to_owned(),
        default,
    })
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The variable for what is called `name`: `api-key` is `API_KEY`.
pub(super) fn variable_name(name: &str) -> String {
    let mut out = String::new();
    let mut lower_before = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && lower_before {
                out.push('_');
            }
            out.push(c.to_ascii_uppercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        lower_before = c.is_ascii_lowercase();
    }
    let out = out.trim_end_matches('_');
    if is_variable_name(out) {
        out.to_owned()
    } else {
        format!("VALUE_{out}").trim_end_matches('_').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str, bare: bool) -> String {
        let mut strange = Vec::new();
        let text = text(raw, bare, &mut |inside| strange.push(inside.to_owned()));
        let parts = text.0.iter().map(|part| match part {
            Part::Plain(text) => text.clone(),
            Part::Variable { name, default } => match default {
                Some(default) => format!("<{name}|{default}>"),
                None => format!("<{name}>"),
            },
        });
        parts
            .chain(strange.iter().map(|s| format!(" ?{s}")))
            .collect()
    }

    #[test]
    fn variables_of_all_clients_are_found() {
        for (raw, bare, expected) in [
            ("plain $5 100%", true, "plain $5 100%"),
            ("Bearer ${TOKEN}", false, "Bearer <TOKEN>"),
            ("${env:A}-${B:-c:d}", false, "<A>-<B|c:d>"),
            ("${input:api-key}", false, "<API_KEY>"),
            ("${userHome}/x", false, "<HOME>/x"),
            ("${file:x} ${", false, "${file:x} ${ ?file:x"),
            ("$TOKEN/%USER%", true, "<TOKEN>/<USER>"),
            ("$TOKEN", false, "$TOKEN"),
        ] {
            assert_eq!(shown(raw, bare), expected, "{raw}");
        }
    }

    #[test]
    fn any_name_makes_a_variable() {
        for (name, expected) in [
            ("api-key", "API_KEY"),
            ("X-API-Key", "X_API_KEY"),
            ("githubToken", "GITHUB_TOKEN"),
            ("1st", "VALUE_1ST"),
            ("", "VALUE"),
        ] {
            assert_eq!(variable_name(name), expected);
        }
    }
}
