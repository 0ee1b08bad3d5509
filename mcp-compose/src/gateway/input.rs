//! Questions and answers as they stand in messages: checked, named after the child that asks, and
//! put into the form of the client's era.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::validate::Schema;
use crate::child::asks::Told;
use crate::child::supervisor::Child;
use crate::server::META_KEY;
use crate::wire::message::{ErrorObject, code};
use crate::wire::version::Era;
use crate::wire::{Object, Raw, json};

pub(super) const SAMPLE: &str = "sampling/createMessage";
pub(super) const ELICIT: &str = "elicitation/create";
pub(super) const ROOTS: &str = "roots/list";

/// The `_meta` key under which a question names the child that asks.
const META_CHILD: &str = "mcpCompose/child";
/// What a result that asks for input has in it.
static INPUT_REQUIRED: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("\"input_required\""));
/// Most questions that a child may ask in one result.
const MAX_REQUESTS: usize = 64;

/// A question, apart from how it travels.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) method: String,
    /// A JSON object.
    pub(super) params: Raw,
}

impl Question {
    /// Whether it asks a person to open a page rather than to fill in a form.
    pub(super) fn is_url(&self) -> bool {
        self.method == ELICIT && self.text("mode").as_deref() == Some("url")
    }

    /// A member of the params that is a string.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let params = Object::parse(self.params.as_str()).ok()?;
        Some(params.string(key)?.into_owned())
    }

    /// The progress token that the one who asks gave, raw.
    pub(super) fn progress_token(&self) -> Option<String> {
        let params = Object::parse(self.params.as_str()).ok()?;
        let meta = Object::parse(params.get("_meta")?).ok()?;
        Some(meta.get("progressToken")?.to_owned())
    }

    /// The question with its key in it, for a client that gets it as a request of its own.
    pub(super) fn keyed(&self, key: &str) -> Self {
        let mut params = Object::parse(self.params.as_str()).unwrap_or_default();
        let text = params.get("_meta").unwrap_or("{}").to_owned();
        let mut meta = Object::parse(&text).unwrap_or_default();
        meta.set(META_KEY, json::quote(key));
        params.set("_meta", meta.to_json());
        Self {
            method: self.method.clone(),
            params: params.to_raw(),
        }
    }

    /// Refuses what the client did not declare, or what is not relayed to it.
    pub(super) fn permitted(&self, told: &Told) -> Result<(), ErrorObject> {
        let kind = match self.method.as_str() {
            SAMPLE => "sampling",
            ELICIT => "elicitation",
            ROOTS => "roots",
            other => {
                let why = format!("`{other}` is not a question that clients are asked");
                return Err(ErrorObject::new(code::METHOD_NOT_FOUND, &why));
            }
        };
        if !told.has(kind) {
            let why = format!("the client that caused this does not offer `{kind}`");
            return Err(ErrorObject::new(code::METHOD_NOT_FOUND, &why));
        }
        let feature = match kind {
            "sampling" if self.has("tools") || self.has("toolChoice") => "tools",
            "elicitation" if self.is_url() => "url",
            // Forms are what a client without further words means.
            "elicitation" if told.has_feature(kind, "url") => "form",
            _ => return Ok(()),
        };
        if told.has_feature(kind, feature) {
            return Ok(());
        }
        let why = format!("the client that caused this does not offer `{kind}.{feature}`");
        Err(ErrorObject::new(code::INVALID_PARAMS, &why))
    }

    fn has(&self, key: &str) -> bool {
        Object::parse(self.params.as_str()).is_ok_and(|params| params.get(key).is_some())
    }

    /// The params as a client gets them: `child` is named, and what belongs to the hop between us
    /// and the child is gone.
    pub(super) fn exposed(&self, child: &Child, client: Era) -> Object<'_> {
        let mut params = Object::parse(self.params.as_str()).unwrap_or_default();
        if client == Era::Modern {
            params.remove("elicitationId");
        }
        let text = params.get("_meta").map(str::to_owned);
        let mut meta = text
            .as_deref()
            .and_then(|meta| Object::parse(meta).ok())
            .unwrap_or_default();
        meta.remove("progressToken");
        meta.retain(|key| !key.starts_with("io.modelcontextprotocol/"));
        // Who asks is for us to say: a child without a namespace must not take another one's.
        meta.remove(META_CHILD);
        if let Some(namespace) = &child.spec.namespace {
            meta.set(META_CHILD, json::quote(namespace.as_str()));
            if self.method == ELICIT
                && let Some(message) = params.string("message")
            {
                let message = format!("[{namespace}] {message}");
                params.set("message", json::quote(&message));
            }
        }
        if meta.is_empty() {
            params.remove("_meta");
        } else {
            params.set("_meta", meta.to_json());
        }
        params
    }

    /// What is wrong with an answer, if anything is: only its shape, and whether a form was filled
    /// in as it asks.
    pub(super) fn findings(&self, answer: &str, label: &str) -> Option<String> {
        let Ok(object) = Object::parse(answer) else {
            return Some("it is not an object".to_owned());
        };
        if self.method != ELICIT {
            return None;
        }
        match object.string("action").as_deref() {
            Some("decline" | "cancel") => return None,
            Some("accept") => {}
            _ => return Some("`action` is `accept`, `decline` or `cancel`".to_owned()),
        }
        let params = Object::parse(self.params.as_str()).ok()?;
        if self.is_url() {
            return None;
        }
        let schema = Schema::new(Raw::from_json(params.get("requestedSchema")?.to_owned()));
        let findings = schema.findings_now(
            object.get("content").unwrap_or("{}"),
            label,
            "elicitation/create",
        );
        (!findings.is_empty()).then(|| {
            format!(
                "`content` is not what the form asks for: {}",
                findings.join("; ")
            )
        })
    }
}

/// A result that asks for input.
#[derive(Debug)]
pub(super) struct InputRequired {
    /// By the child's own keys, in its order.
    pub(super) questions: Vec<(String, Question)>,
    /// Raw JSON, as the child gave it.
    pub(super) state: Option<Raw>,
}

impl InputRequired {
    /// Whether a result of a modern child is one, without taking it apart.
    pub(super) fn is(result: &Raw) -> bool {
        INPUT_REQUIRED.find(result.as_str().as_bytes()).is_some()
            && Object::parse(result.as_str()).is_ok_and(|object| {
                object.string("resultType").as_deref() == Some("input_required")
            })
    }

    /// Takes such a result apart.
    pub(super) fn parse(result: &Raw) -> Result<Self, String> {
        let object = Object::parse(result.as_str()).map_err(|error| error.to_string())?;
        let mut questions = Vec::new();
        if let Some(requests) = object.get("inputRequests") {
            let requests =
                Object::parse(requests).map_err(|error| format!("`inputRequests`: {error}"))?;
            for (key, request) in requests.iter() {
                let request = Object::parse(request)
                    .map_err(|error| format!("`inputRequests.{key}`: {error}"))?;
                let method = request
                    .string("method")
                    .ok_or_else(|| format!("`inputRequests.{key}` names no method"))?;
                let params = request.get("params").unwrap_or("{}");
                let question = Question {
                    method: method.into_owned(),
                    params: Raw::from_json(params.to_owned()),
                };
                questions.push((key.to_owned(), question));
            }
        }
        let state = object
            .get("requestState")
            .map(|state| Raw::from_json(state.to_owned()));
        if questions.len() > MAX_REQUESTS {
            return Err(format!(
                "it asks more than {MAX_REQUESTS} questions at once"
            ));
        }
        if questions.is_empty() && state.is_none() {
            return Err("it asks for input, but for none in particular".to_owned());
        }
        Ok(Self { questions, state })
    }

    /// The questions as a modern client gets them, by key.
    pub(super) fn exposed_requests(&self, child: &Child) -> String {
        let mut requests = Object::default();
        for (key, question) in &self.questions {
            let mut request = Object::default();
            request.set("method", json::quote(&question.method));
            request.set("params", question.exposed(child, Era::Modern).to_json());
            requests.set(key.clone(), request.to_json());
        }
        requests.to_json()
    }

    /// The result as a client of ours gets it.
    pub(super) fn expose(&self, child: &Child, state: Option<&str>) -> Raw {
        let mut result = Object::default();
        result.set("resultType", "\"input_required\"");
        if !self.questions.is_empty() {
            result.set("inputRequests", self.exposed_requests(child));
        }
        if let Some(state) = state {
            result.set("requestState", json::quote(state));
        }
        result.to_raw()
    }
}

/// What a modern client sends along when it tries again.
#[derive(Debug, Default)]
pub(super) struct Retry {
    /// A JSON object: answers by key.
    pub(super) responses: Option<Raw>,
    pub(super) state: Option<String>,
}

impl Retry {
    /// Takes it out of the params of a request.
    pub(super) fn take(params: &mut Object<'_>) -> Result<Self, ErrorObject> {
        let wrong = |why: &str| Err(ErrorObject::new(code::INVALID_PARAMS, why));
        let responses = match params.remove("inputResponses") {
            None => None,
            Some(text) if text.starts_with('{') => Some(Raw::from_json(text.into_owned())),
            Some(_) => return wrong("`inputResponses` is not an object"),
        };
        let state = match params.remove("requestState") {
            None => None,
            Some(text) => match json::decode_string(&text) {
                Some(state) => Some(state.into_owned()),
                None => return wrong("`requestState` is not a string"),
            },
        };
        Ok(Self { responses, state })
    }
}

/// JSON with the members of every object in order: equal values have equal texts.
pub(super) fn canonical(text: &str, out: &mut String) {
    let text = text.trim_ascii();
    if text.starts_with('{')
        && let Ok(object) = Object::parse(text)
    {
        let mut members: Vec<_> = object.iter().collect();
        members.sort_unstable();
        out.push('{');
        for (at, (key, value)) in members.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            json::push_string(out, key);
            out.push(':');
            canonical(value, out);
        }
        out.push('}');
    } else if text.starts_with('[')
        && let Ok(items) = json::array_items(text)
    {
        out.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            canonical(item, out);
        }
        out.push(']');
    } else if let Some(string) = json::decode_string(text) {
        json::push_string(out, &string);
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(schema: &str) -> Question {
        let params = format!(r#"{{"message":"m","requestedSchema":{schema}}}"#);
        Question {
            method: ELICIT.to_owned(),
            params: Raw::from_json(params),
        }
    }

    #[test]
    fn equal_values_have_equal_canonical_texts() {
        let of = |text: &str| {
            let mut out = String::new();
            canonical(text, &mut out);
            out
        };
        let one = r#"{"b":[1, {"y":null,"x":"\u0041"}],"a":{ }}"#;
        assert_eq!(of(one), r#"{"a":{},"b":[1,{"x":"A","y":null}]}"#);
        assert_eq!(of(one), of(r#"{ "a":{}, "b":[1,{"x":"A","y":null}] }"#));
        assert_ne!(of("[1,2]"), of("[2,1]"));
    }

    #[test]
    fn a_form_is_answered_as_it_asks_or_refused() {
        let form =
            form(r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#);
        assert_eq!(
            form.findings(r#"{"action":"accept","content":{"n":1}}"#, "x"),
            None
        );
        assert_eq!(form.findings(r#"{"action":"decline"}"#, "x"), None);
        assert_eq!(
            form.findings(r#"{"action":"cancel","content":{"n":"x"}}"#, "x"),
            None
        );
        for wrong in [
            r#"{"action":"accept","content":{"n":"x"}}"#,
            r#"{"action":"accept"}"#,
            r#"{"action":"yes"}"#,
            "{}",
            "[]",
        ] {
            assert!(form.findings(wrong, "x").is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_result_that_asks_is_told_from_one_that_quotes() {
        let quotes = r#"{"resultType":"complete","content":[{"text":"\"input_required\""},"input_required"]}"#;
        assert!(!InputRequired::is(&Raw::from_json(quotes)));
        let asks = r#"{"resultType":"input_required","requestState":"s","inputRequests":{"k":{"method":"roots/list"}}}"#;
        assert!(InputRequired::is(&Raw::from_json(asks)));
        let asks = InputRequired::parse(&Raw::from_json(asks)).unwrap();
        assert_eq!(asks.questions[0].0, "k");
        assert_eq!(asks.state.unwrap().as_str(), "\"s\"");
        assert!(
            InputRequired::parse(&Raw::from_json(r#"{"resultType":"input_required"}"#)).is_err()
        );
    }
}
