//! The variables that take the place of secrets.

use std::collections::BTreeMap;

use super::text::{Part, Text, variable_name};
use crate::secret_text::{is_secret, is_secret_name, looks_secret};

/// A variable that has to be set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variable {
    /// Where the file has it, such as `github.env.TOKEN`.
    pub(super) places: Vec<String>,
    /// The secret that stands there in plain text; `None`: the file refers to a variable as well.
    secret: Option<String>,
}

impl Variable {
    /// Whether the file has its value in plain text.
    pub(super) fn was_plain(&self) -> bool {
        self.secret.is_some()
    }
}

/// All variables, by name.
#[derive(Debug, Default)]
pub(super) struct Variables(pub(super) BTreeMap<String, Variable>);

impl Variables {
    /// Notes those that the file itself refers to.
    pub(super) fn refer(&mut self, text: &Text, place: &str) {
        for name in text.variables() {
            let variable = self.0.entry(name.to_owned()).or_insert_with(|| Variable {
                places: Vec::new(),
                secret: None,
            });
            if !variable.places.iter().any(|known| known == place) {
                variable.places.push(place.to_owned());
            }
        }
    }

    /// Takes back what [`refer`](Self::refer) has noted of this place.
    fn forget(&mut self, text: &Text, place: &str) {
        for name in text.variables() {
            if let Some(variable) = self.0.get_mut(name) {
                variable.places.retain(|known| known != place);
            }
        }
    }

    /// The variable for a secret: `wanted`, or with the namespace before it if that holds something else.
    fn hide(&mut self, wanted: &str, namespace: &str, secret: &str, place: &str) -> Part {
        let longer = format!("{}_{wanted}", variable_name(namespace));
        let numbered = (2..).map(|number| format!("{longer}_{number}"));
        let names = [wanted.to_owned(), longer.clone()]
            .into_iter()
            .chain(numbered);
        for name in names {
            let known = self.0.get_mut(&name);
            match known {
                Some(known) if known.secret.as_deref() == Some(secret) => {
                    known.places.push(place.to_owned());
                }
                Some(_) => continue,
                None => {
                    let variable = Variable {
                        places: vec![place.to_owned()],
                        secret: Some(secret.to_owned()),
                    };
                    self.0.insert(name.clone(), variable);
                }
            }
            return Part::Variable {
                name,
                default: None,
            };
        }
        // There is always a number that is free.
        Part::Plain(String::new())
    }

    /// `text`, which is called `name`, with what is secret in it replaced. `wanted` is what its variable is called.
    pub(super) fn hidden(
        &mut self,
        text: &Text,
        name: &str,
        wanted: &str,
        namespace: &str,
        place: &str,
    ) -> Text {
        let mut out = Text::default();
        if is_secret_name(name) && is_partly_plain(text) {
            // Part of a secret that looks like a variable is a part of it; whoever sets the variable knows the whole.
            self.forget(text, place);
            out.push(self.hide(wanted, namespace, &format!("{:?}", text.0), place));
            return out;
        }
        for part in &text.0 {
            match part {
                Part::Plain(plain) if text.0.len() == 1 && is_secret(name, plain) => {
                    // The scheme is no secret, and is how it is seen that a token follows.
                    let scheme = ["Bearer ", "Basic ", "token "];
                    let scheme = scheme.iter().find(|scheme| plain.starts_with(**scheme));
                    let scheme = scheme.copied().unwrap_or_default();
                    out.push_plain(scheme);
                    out.push(self.hide(wanted, namespace, &plain[scheme.len()..], place));
                }
                Part::Plain(plain) if looks_secret(plain) => {
                    out.push(self.hide(wanted, namespace, plain, place));
                }
                // What stands for an unset variable can be one as well.
                Part::Variable {
                    name: variable,
                    default: Some(default),
                } if is_secret(name, default) || is_secret(variable, default) => {
                    if let Some(known) = self.0.get_mut(variable) {
                        known.secret.get_or_insert_with(|| default.clone());
                    }
                    out.push(Part::Variable {
                        name: variable.clone(),
                        default: None,
                    });
                }
                part => out.push(part.clone()),
            }
        }
        out
    }

    /// An argument. `option` is the one before it, whose value it may be.
    pub(super) fn argument(
        &mut self,
        text: &Text,
        option: Option<&str>,
        namespace: &str,
        place: &str,
    ) -> Text {
        let Some(first) = text.0.first() else {
            return text.clone();
        };
        if let Part::Plain(plain) = first
            && text.0.len() == 1
            && let Some(assigned) = self.assigned(plain, namespace, place)
        {
            return assigned;
        }
        if let Part::Plain(plain) = first
            && let Some((name, _)) = plain.split_once(['=', ':'])
            && is_secret_name(name)
            && let Some(value) = text.strip_prefix(&plain[..=name.len()])
            && is_partly_plain(&value)
        {
            let wanted = of_argument(name, namespace);
            let hidden = self.hidden(&value, name, &wanted, namespace, place);
            let mut out = Text::plain(&plain[..=name.len()]);
            hidden.0.into_iter().for_each(|part| out.push(part));
            return out;
        }
        let option = option.filter(|option| option.starts_with('-') && !option.contains('='));
        let name = option.filter(|option| is_secret_name(option));
        let is_option = matches!(first, Part::Plain(first) if first.starts_with('-'));
        let name = name.filter(|_| !is_option).unwrap_or_default();
        let wanted = if name.is_empty() {
            format!("{}_SECRET", variable_name(namespace))
        } else {
            of_argument(name, namespace)
        };
        self.hidden(text, name, &wanted, namespace, place)
    }

    /// `--api-key=..`, `API_KEY=..` for a container, `Authorization: Bearer ..` for a bridge, with the secret replaced.
    fn assigned(&mut self, text: &str, namespace: &str, place: &str) -> Option<Text> {
        self.assigned_within(text, namespace, place, MOST_NAMES)
    }

    fn assigned_within(
        &mut self,
        text: &str,
        namespace: &str,
        place: &str,
        names: usize,
    ) -> Option<Text> {
        let names = names.checked_sub(1)?;
        let at = text.find(['=', ':'])?;
        let (name, rest) = (&text[..at], &text[at + 1..]);
        if name.contains(['/', ' ', '?']) || rest.starts_with("//") {
            return None;
        }
        let value = rest.trim_start();
        let mut out = Text::plain(&text[..text.len() - value.len()]);
        let hidden = if is_secret(name, value) {
            self.hidden(
                &Text::plain(value),
                name,
                &of_argument(name, namespace),
                namespace,
                place,
            )
        } else {
            self.assigned_within(value, namespace, place, names)?
        };
        hidden.0.into_iter().for_each(|part| out.push(part));
        Some(out)
    }
}

/// `--header=Authorization: ..` has two names before its value. More are none.
const MOST_NAMES: usize = 4;

/// Whether variables stand beside what may be a part of a secret. A scheme and what separates are none, and of an
/// address the secret parts are seen by themselves.
fn is_partly_plain(text: &Text) -> bool {
    let is_variable = |part: &Part| matches!(part, Part::Variable { .. });
    let may_be_secret = |part: &Part| match part {
        Part::Plain(plain) => {
            !matches!(plain.as_str(), "Bearer " | "Basic " | "token ")
                && plain.contains(char::is_alphanumeric)
        }
        Part::Variable { .. } => false,
    };
    let is_address = text
        .0
        .iter()
        .any(|part| matches!(part, Part::Plain(plain) if plain.contains("://")));
    !is_address && text.0.iter().any(is_variable) && text.0.iter().any(may_be_secret)
}

/// The variable for what an argument calls `name`: one of the environment keeps its name, an option or a header says too
/// little by itself.
fn of_argument(name: &str, namespace: &str) -> String {
    let is_variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(is_variable) {
        return variable_name(name);
    }
    let name = if name.eq_ignore_ascii_case("authorization") {
        "TOKEN".to_owned()
    } else {
        variable_name(name)
    };
    format!("{}_{name}", variable_name(namespace))
}
