//! What a child is told that it may ask: what the client declared, less what is not relayed to it.

use std::sync::{Arc, LazyLock};

use crate::compose::{ChildOptions, Relay, Roots};
use crate::wire::Object;
use crate::wire::version::Era;

/// The extension by which results may be tasks.
pub(crate) const TASKS: &str = "io.modelcontextprotocol/tasks";
/// The extension by which tools have user interfaces. Who declares it shows them; it is nothing that can be asked.
pub(crate) const UI: &str = "io.modelcontextprotocol/ui";

/// The `capabilities` that a child is told: of a client that it serves, never more than that one's.
/// Equal declarations are equal texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Told(Arc<str>);

impl Told {
    /// Nothing can be asked.
    pub(crate) fn none() -> Self {
        static NONE: LazyLock<Told> = LazyLock::new(|| Told("{}".into()));
        NONE.clone()
    }

    /// The JSON object.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the same can be asked, whatever else is said.
    pub(crate) fn asks_as(&self, other: &Self) -> bool {
        let questions = |told: &Self| {
            let mut questions = Object::parse(&told.0).unwrap_or_default();
            questions.remove("extensions");
            questions.to_json()
        };
        self == other || (self.0.contains(UI) && questions(self) == questions(other))
    }

    fn get(&self, kind: &str) -> Option<String> {
        Some(Object::parse(&self.0).ok()?.get(kind)?.to_owned())
    }

    /// Whether questions of this kind can be asked: `sampling`, `elicitation`, `roots`.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.get(kind).is_some()
    }

    /// Whether a kind of question has this feature: `tools` of `sampling`, `url` of `elicitation`.
    pub(crate) fn has_feature(&self, kind: &str, feature: &str) -> bool {
        self.get(kind)
            .is_some_and(|of| Object::parse(&of).is_ok_and(|of| of.get(feature).is_some()))
    }
}

/// What a session that belongs to no client is told.
pub(crate) fn shared(options: &ChildOptions) -> Told {
    match options.roots {
        Roots::List(_) => Told(r#"{"roots":{}}"#.into()),
        Roots::Relay | Roots::Deny => Told::none(),
    }
}

/// What a child of one era is told while it serves a client of another, or the same, which declared
/// `declared` (its `capabilities`).
pub(crate) fn told(
    declared: Option<&str>,
    client: Era,
    child: Era,
    options: &ChildOptions,
) -> Told {
    let declared = match declared.map(str::trim_ascii) {
        None | Some("{}" | "null") => return shared(options),
        Some(declared) => Object::parse(declared).unwrap_or_default(),
    };
    let object = |key: &str| declared.get(key).filter(|value| value.starts_with('{'));
    let mut told = Object::default();
    if let (Relay::Relay, Some(sampling)) = (options.sampling, object("sampling")) {
        told.set("sampling", sampling.to_owned());
    }
    if let (Relay::Relay, Some(elicitation)) = (options.elicitation, object("elicitation")) {
        told.set("elicitation", elicitation.to_owned());
    }
    match (&options.roots, object("roots")) {
        (Roots::List(_), _) => told.set("roots", "{}"),
        (Roots::Relay, Some(roots)) => {
            // Only a session hears of changed roots.
            let both = client == Era::Legacy && child == Era::Legacy;
            told.set(
                "roots",
                if both {
                    roots.to_owned()
                } else {
                    "{}".to_owned()
                },
            );
        }
        (Roots::Relay, None) | (Roots::Deny, _) => {}
    }
    let mut extensions = Object::default();
    if client == Era::Modern
        && child == Era::Modern
        && let Some(tasks) = extension(&declared, TASKS)
    {
        extensions.set(TASKS, tasks);
    }
    if let Some(ui) = extension(&declared, UI) {
        extensions.set(UI, ui);
    }
    if !extensions.is_empty() {
        told.set("extensions", extensions.to_json());
    }
    Told(told.to_json().into())
}

/// What `capabilities` say of an extension.
fn extension(capabilities: &Object<'_>, name: &str) -> Option<String> {
    let extensions = Object::parse(capabilities.get("extensions")?).ok()?;
    let said = extensions.get(name)?;
    said.starts_with('{').then(|| said.to_owned())
}

/// Whether this `capabilities` object has the extension by which results may be tasks.
pub(crate) fn has_tasks(capabilities: &str) -> bool {
    declares(capabilities, TASKS)
}

/// Whether this `capabilities` object has the extension by which tools have user interfaces.
pub(crate) fn has_ui(capabilities: &str) -> bool {
    declares(capabilities, UI)
}

fn declares(capabilities: &str, name: &str) -> bool {
    Object::parse(capabilities).is_ok_and(|declared| extension(&declared, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::ListedRoot;

    const ALL: &str = r#"{"roots":{"listChanged":true},"sampling":{"tools":{}},"elicitation":{"form":{},"url":{}},"experimental":{"x":{}},"extensions":{"io.modelcontextprotocol/tasks":{},"a/b":{}}}"#;

    fn of(declared: &str, client: Era, child: Era, options: &ChildOptions) -> String {
        told(Some(declared), client, child, options)
            .as_str()
            .to_owned()
    }

    #[test]
    fn a_child_is_told_what_the_client_declared_and_no_more() {
        let options = ChildOptions::default();
        assert_eq!(
            of(ALL, Era::Legacy, Era::Legacy, &options),
            r#"{"sampling":{"tools":{}},"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}}"#
        );
        assert_eq!(
            of(ALL, Era::Modern, Era::Modern, &options),
            r#"{"sampling":{"tools":{}},"elicitation":{"form":{},"url":{}},"roots":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#
        );
        assert_eq!(
            of(
                r#"{"sampling":null,"experimental":{}}"#,
                Era::Legacy,
                Era::Legacy,
                &options
            ),
            "{}"
        );
        assert_eq!(told(None, Era::Legacy, Era::Legacy, &options), Told::none());
    }

    #[test]
    fn policy_takes_away_and_gives_listed_roots() {
        let options = ChildOptions {
            sampling: Relay::Deny,
            elicitation: Relay::Deny,
            roots: Roots::List(vec![ListedRoot {
                uri: "file:///data".into(),
                name: None,
            }]),
            ..ChildOptions::default()
        };
        assert_eq!(
            of(ALL, Era::Legacy, Era::Legacy, &options),
            r#"{"roots":{}}"#
        );
        assert_eq!(
            of("{}", Era::Legacy, Era::Legacy, &options),
            r#"{"roots":{}}"#
        );
        assert_eq!(shared(&options).as_str(), r#"{"roots":{}}"#);
        let options = ChildOptions {
            roots: Roots::Deny,
            ..options
        };
        assert_eq!(of(ALL, Era::Legacy, Era::Legacy, &options), "{}");
    }

    #[test]
    fn who_shows_interfaces_asks_nothing_by_that() {
        let options = ChildOptions::default();
        let ui = r#"{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]},"a/b":{}}}"#;
        for client in [Era::Legacy, Era::Modern] {
            for child in [Era::Legacy, Era::Modern] {
                let told = told(Some(ui), client, child, &options);
                assert_eq!(
                    told.as_str(),
                    r#"{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]}}}"#
                );
                assert!(told.asks_as(&Told::none()) && told != Told::none());
            }
        }
        let more = r#"{"sampling":{},"extensions":{"io.modelcontextprotocol/ui":{}}}"#;
        let more = told(Some(more), Era::Legacy, Era::Legacy, &options);
        assert!(!more.asks_as(&Told::none()));
        let same = told(
            Some(r#"{"sampling":{}}"#),
            Era::Legacy,
            Era::Legacy,
            &options,
        );
        assert!(more.asks_as(&same) && !same.asks_as(&Told::none()));
    }

    #[test]
    fn features_are_seen() {
        let options = ChildOptions::default();
        let told = told(Some(ALL), Era::Legacy, Era::Legacy, &options);
        assert!(told.has("sampling") && told.has_feature("sampling", "tools"));
        assert!(told.has_feature("elicitation", "url") && !told.has_feature("elicitation", "x"));
        assert!(!Told::none().has("roots"));
    }
}
