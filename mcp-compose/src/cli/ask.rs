//! A question of a child, asked of the person at the terminal.

use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::client::RequestError;
use super::field::{Field, fields};
use super::shown;
use super::terminal::Terminal;
use crate::wire::json::quote;
use crate::wire::message::{ErrorObject, code};
use crate::wire::{Object, Raw, Request};

/// What the command line declares when a person is there: it asks them, and has no model.
pub(super) const CAPABILITIES: &str = r#"{"elicitation":{"form":{},"url":{}}}"#;

/// Pages that are shown with an error.
const MAX_PAGES: usize = 8;

/// No person reads a longer question, in bytes.
const MAX_QUESTION: usize = 64 * 1024;

/// Params of `elicitation/create`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Elicitation {
    mode: Option<String>,
    message: String,
    requested_schema: Option<Box<RawValue>>,
    url: Option<String>,
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "mcpCompose/child")]
    child: Option<String>,
}

/// What the person decided.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Decision {
    Accept,
    Decline,
    Cancel,
    Again,
}

/// Asks the person; what cannot be asked is an error.
pub(super) async fn answer(
    terminal: &mut impl Terminal,
    question: &Request,
) -> Result<Raw, ErrorObject> {
    if &*question.method != "elicitation/create" {
        let why = format!("`{}` is not answered on a terminal", question.method);
        return Err(ErrorObject::new(code::METHOD_NOT_FOUND, &why));
    }
    let invalid = |why: &str| ErrorObject::new(code::INVALID_PARAMS, why);
    if question.params().len() > MAX_QUESTION {
        let why =
            format!("a question of more than {MAX_QUESTION} bytes is not asked on a terminal");
        return Err(invalid(&why));
    }
    let elicitation: Elicitation = serde_json::from_str(question.params())
        .map_err(|why| invalid(&format!("the question cannot be read: {why}")))?;
    let answered = match elicitation.mode.as_deref() {
        None | Some("form") => {
            let schema = elicitation.requested_schema.as_deref();
            let fields = fields(schema.map_or("{}", RawValue::get)).map_err(|why| invalid(&why))?;
            terminal.show(&elicitation.opening("asks"));
            form(terminal, &fields).await
        }
        Some("url") => {
            let url = elicitation.page().map_err(|why| invalid(&why))?;
            terminal.show(&elicitation.opening("asks you to open a page"));
            page(terminal, &url).await
        }
        Some(mode) => return Err(invalid(&format!("`{mode}` is no mode of elicitation here"))),
    };
    Ok(answered)
}

impl Elicitation {
    /// Who asks what. The name is the one under which the composition has the child, never one that
    /// the child gives itself.
    fn opening(&self, does: &str) -> String {
        let child = self.meta.as_ref().and_then(|meta| meta.child.as_deref());
        let message = child
            .and_then(|child| self.message.strip_prefix(&format!("[{child}] ")))
            .unwrap_or(&self.message);
        let who = child.map_or_else(|| "the server".to_owned(), shown::line);
        format!("\n{who} {does}:\n{}", shown::quoted(message))
    }

    /// The page to open; its host is what a person judges it by.
    fn page(&self) -> Result<Url, String> {
        let url = self.url.as_deref().ok_or("the question has no `url`")?;
        let url = Url::parse(url).map_err(|why| format!("`url` cannot be read: {why}"))?;
        if matches!(url.scheme(), "https" | "http") && url.host_str().is_some() {
            Ok(url)
        } else {
            Err("`url` is no page on the web".to_owned())
        }
    }
}

/// The pages that have to be opened before a request can succeed, if that is the error; for people.
pub(super) fn pages_first(error: &RequestError) -> String {
    #[derive(Deserialize)]
    struct Needed {
        elicitations: Vec<Elicitation>,
    }
    let data = error
        .data
        .as_deref()
        .filter(|_| error.code == code::URL_REQUIRED);
    let needed = data.and_then(|data| serde_json::from_str::<Needed>(data).ok());
    let pages = needed.map(|needed| needed.elicitations).unwrap_or_default();
    let pages = pages.iter().take(MAX_PAGES).filter_map(|of| {
        let url = of.page().ok()?;
        let (host, message) = (url.host_str()?, shown::quoted(&of.message));
        Some(format!(
            "\n  first open, if you trust `{host}`: {url}\n{}",
            message.trim_end()
        ))
    });
    pages.collect()
}

async fn form(terminal: &mut impl Terminal, fields: &[Field]) -> Raw {
    const ASK: &str = "Accept, decline or cancel? [a/d/c] ";
    match decide(terminal, ASK, false).await {
        Decision::Accept => {}
        other => return without_content(other),
    }
    while !fields.is_empty() {
        let Some(content) = filled(terminal, fields).await else {
            terminal.show("\n");
            return without_content(Decision::Cancel);
        };
        let ask = "Accept and send this, enter it again, decline or cancel? [a/e/d/c] ";
        match decide(terminal, ask, true).await {
            Decision::Accept => return accepted(&content),
            Decision::Again => {}
            other => return without_content(other),
        }
    }
    accepted(&Object::default())
}

/// All fields with what the person gave, shown to them once more; `None` when they ended the input.
async fn filled<'a>(terminal: &mut impl Terminal, fields: &'a [Field]) -> Option<Object<'a>> {
    let mut content = Object::default();
    let mut review = String::from("\n");
    for field in fields {
        let value = field.ask(terminal).await?;
        review.push_str(&format!("  {}\n", field.with(value.as_deref())));
        if let Some(value) = value {
            content.set(field.name.as_str(), value);
        }
    }
    terminal.show(&review);
    Some(content)
}

async fn page(terminal: &mut impl Terminal, url: &Url) -> Raw {
    // As a browser reads it: a host in another script shows as `xn--`, nothing invisible is left.
    let host = url.host_str().unwrap_or_default();
    terminal.show(&format!(
        "  {url}\n  It is at `{host}`. Open it yourself if you trust that; nothing is opened for you.\n"
    ));
    const ASK: &str = "Accept (you have opened it), decline or cancel? [a/d/c] ";
    without_content(decide(terminal, ASK, false).await)
}

/// Asks until the person has decided; an empty line, or the end of input, cancels.
async fn decide(terminal: &mut impl Terminal, ask: &str, again: bool) -> Decision {
    loop {
        terminal.show(ask);
        let Some(line) = terminal.line().await else {
            terminal.show("\n");
            return Decision::Cancel;
        };
        return match line.trim().to_lowercase().as_str() {
            "a" | "accept" => Decision::Accept,
            "d" | "decline" => Decision::Decline,
            "" | "c" | "cancel" => Decision::Cancel,
            "e" | "enter" | "again" if again => Decision::Again,
            _ => continue,
        };
    }
}

fn accepted(content: &Object<'_>) -> Raw {
    let mut result = Object::default();
    result.set("action", quote("accept"));
    result.set("content", content.to_json());
    result.to_raw()
}

fn without_content(decision: Decision) -> Raw {
    Raw::from_static(match decision {
        Decision::Accept => r#"{"action":"accept"}"#,
        Decision::Decline => r#"{"action":"decline"}"#,
        Decision::Cancel | Decision::Again => r#"{"action":"cancel"}"#,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::terminal::Script;
    use crate::wire::message::Id;

    fn question(method: &'static str, params: &str) -> Request {
        Request {
            id: Id::number(1),
            method: method.into(),
            params: Some(Raw::from_json(params.to_owned())),
        }
    }

    /// The answer, and all that was shown.
    async fn asked(params: &str, lines: &[&str]) -> (Result<String, ErrorObject>, String) {
        let mut terminal = Script::of(lines);
        let question = question("elicitation/create", params);
        let answered = answer(&mut terminal, &question).await;
        assert!(terminal.lines.is_empty(), "{}", terminal.shown);
        (answered.map(|raw| raw.as_str().to_owned()), terminal.shown)
    }

    const FORM: &str = r#"{"message":"[database] Really?\nall of it","_meta":{"mcpCompose/child":"database"},
        "requestedSchema":{"type":"object","required":["sure"],"properties":{"sure":{"type":"boolean"},"why":{"type":"string"}}}}"#;

    #[tokio::test]
    async fn a_form_is_asked_field_by_field_and_reviewed() {
        let (answer, shown) = asked(FORM, &["a", "y", "", "e", "yes", "old", "accept"]).await;
        assert_eq!(
            answer.unwrap(),
            r#"{"action":"accept","content":{"sure":true,"why":"old"}}"#
        );
        assert_eq!(
            shown,
            "\ndatabase asks:\n  | Really?\n  | all of it\n\
             Accept, decline or cancel? [a/d/c] a\n\
             sure (yes or no; required)\n> y\n\
             why (text; Enter leaves it out)\n> \n\
             \n  sure: yes\n  why: (left out)\n\
             Accept and send this, enter it again, decline or cancel? [a/e/d/c] e\n\
             sure (yes or no; required)\n> yes\n\
             why (text; Enter leaves it out)\n> old\n\
             \n  sure: yes\n  why: old\n\
             Accept and send this, enter it again, decline or cancel? [a/e/d/c] accept\n"
        );
    }

    #[tokio::test]
    async fn a_person_can_decline_or_cancel_at_any_time() {
        for (lines, action) in [
            (&["d"][..], "decline"),
            (&["c"], "cancel"),
            (&[""], "cancel"),
            (&[], "cancel"),
            (&["what?", "e", "Decline"], "decline"),
            (&["a"], "cancel"),
            (&["a", "y"], "cancel"),
            (&["a", "y", "z", ""], "cancel"),
            (&["a", "y", "z", "d"], "decline"),
            (&["a", "y", "z"], "cancel"),
        ] {
            let (answer, _) = asked(FORM, lines).await;
            let expected = format!(r#"{{"action":"{action}"}}"#);
            assert_eq!(answer.unwrap(), expected, "{lines:?}");
        }
    }

    #[tokio::test]
    async fn a_form_without_fields_is_a_confirmation() {
        let (answer, shown) = asked(r#"{"mode":"form","message":"Go on?"}"#, &["a"]).await;
        assert_eq!(answer.unwrap(), r#"{"action":"accept","content":{}}"#);
        assert!(
            shown.starts_with("\nthe server asks:\n  | Go on?\n"),
            "{shown}"
        );
    }

    #[tokio::test]
    async fn what_a_child_says_cannot_look_like_what_we_say() {
        let params = r#"{"message":"a\r\u001b[2Jb\n\nother asks:","_meta":{"mcpCompose/child":"db"},
            "requestedSchema":{"properties":{"x":{"type":"string","title":"T\nAccept","description":"d\n> "}}}}"#;
        let (_, shown) = asked(params, &["a"]).await;
        assert!(
            shown.starts_with("\ndb asks:\n  | a\\r\\u{1b}[2Jb\n  | \n  | other asks:\n"),
            "{shown}"
        );
        assert!(
            shown.contains("\nT (text; Enter leaves it out)\n  | d\n  | > \n> "),
            "{shown}"
        );
    }

    #[tokio::test]
    async fn a_page_is_shown_whole_with_its_host_and_never_opened() {
        let params = r#"{"mode":"url","message":"[db] Sign in","elicitationId":"1",
            "url":"https://example.com@ex\u00e4mple.org:8443/a?b=c#d","_meta":{"mcpCompose/child":"db"}}"#;
        let (answer, shown) = asked(params, &["a"]).await;
        assert_eq!(answer.unwrap(), r#"{"action":"accept"}"#);
        assert_eq!(
            shown,
            "\ndb asks you to open a page:\n  | Sign in\n\
             \x20 https://example.com@xn--exmple-cua.org:8443/a?b=c#d\n\
             \x20 It is at `xn--exmple-cua.org`. Open it yourself if you trust that; nothing is opened for you.\n\
             Accept (you have opened it), decline or cancel? [a/d/c] a\n"
        );
        let (answer, _) = asked(params, &["d"]).await;
        assert_eq!(answer.unwrap(), r#"{"action":"decline"}"#);
        let (answer, _) = asked(params, &[]).await;
        assert_eq!(answer.unwrap(), r#"{"action":"cancel"}"#);
    }

    #[test]
    fn an_error_shows_the_pages_to_open_first() {
        let data = r#"{"elicitations":[
            {"mode":"url","message":"Sign\nin","url":"https://example.com/in","elicitationId":"1"},
            {"mode":"url","message":"x","url":"file:///etc","elicitationId":"2"}]}"#;
        let error = |code| RequestError {
            code,
            message: String::new(),
            data: Some(data.to_owned()),
        };
        assert_eq!(
            pages_first(&error(code::URL_REQUIRED)),
            "\n  first open, if you trust `example.com`: https://example.com/in\n  | Sign\n  | in"
        );
        assert_eq!(pages_first(&error(-32603)), "");
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_an_error_and_nothing_is_shown() {
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(MAX_QUESTION));
        for (params, why) in [
            (r#"{"requestedSchema":{}}"#, "missing field `message`"),
            (
                r#"{"message":"x","mode":"voice"}"#,
                "`voice` is no mode of elicitation",
            ),
            (r#"{"message":"x","mode":"url"}"#, "has no `url`"),
            (
                r#"{"message":"x","mode":"url","url":"javascript:alert(1)"}"#,
                "no page on the web",
            ),
            (
                r#"{"message":"x","requestedSchema":{"properties":7}}"#,
                "the list of fields cannot be read",
            ),
            (long.as_str(), "a question of more than"),
        ] {
            let (answer, shown) = asked(params, &[]).await;
            let error = answer.expect_err(params);
            assert_eq!(error.code(), code::INVALID_PARAMS);
            assert!(error.message().contains(why), "{}", error.message());
            assert_eq!(shown, "");
        }
        for method in ["sampling/createMessage", "roots/list"] {
            let mut terminal = Script::default();
            let error = answer(&mut terminal, &question(method, "{}")).await;
            assert_eq!(error.expect_err(method).code(), code::METHOD_NOT_FOUND);
        }
    }
}
