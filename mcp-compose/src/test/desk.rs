//! The answers that a test has ready, and the questions that it was asked.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::compose::ListedRoot;
use crate::server::META_KEY;
use crate::wire::peer::lock;

const ELICIT: &str = "elicitation/create";
const SAMPLE: &str = "sampling/createMessage";
const ROOTS: &str = "roots/list";

/// A question that the server asked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Question {
    /// Its key. `None` for a question of a server of another make, to a client of 2025-11-25 or before.
    pub key: Option<String>,
    /// `elicitation/create`, `sampling/createMessage` or `roots/list`.
    pub method: String,
    /// The text that a person or a model is shown.
    pub message: Option<String>,
    /// All of it, as it came.
    pub params: Value,
}

impl Question {
    pub(super) fn new(key: Option<&str>, method: &str, params: Value) -> Self {
        let given = params["_meta"][META_KEY].as_str();
        let last = params["messages"].as_array().and_then(|all| all.last());
        let message = params["message"]
            .as_str()
            .or_else(|| last?["content"]["text"].as_str());
        Self {
            // The relay makes keys of its own for servers that have none.
            key: given.or(key).map(str::to_owned),
            method: method.to_owned(),
            message: message.map(str::to_owned),
            params,
        }
    }

    fn is_named(&self, name: &str) -> bool {
        // The relay puts the namespace of the child that asks before its message, and that of whoever called it before that.
        let mut messages = std::iter::successors(self.message.as_deref(), |text| {
            Some(text.strip_prefix('[')?.split_once("] ")?.1)
        });
        self.key.as_deref() == Some(name) || messages.any(|message| message == name)
    }

    fn is_url(&self) -> bool {
        self.params["mode"] == "url"
    }
}

/// How a question is answered.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// With this content, or for sampling with this result.
    Content(Value),
    /// With a model's text.
    Text(String),
    Decline,
    Cancel,
}

#[derive(Debug, Default)]
pub(super) struct Desk {
    /// By key or message.
    replies: Mutex<HashMap<String, Reply>>,
    roots: Mutex<Option<Value>>,
    asked: Mutex<Vec<Question>>,
}

impl Desk {
    pub(super) fn reply(&self, to: String, reply: Reply) {
        lock(&self.replies).insert(to, reply);
    }

    pub(super) fn set_roots(&self, roots: impl Iterator<Item = ListedRoot>) {
        let roots = roots.map(|root| match root.name {
            Some(name) => json!({ "uri": root.uri, "name": name }),
            None => json!({ "uri": root.uri }),
        });
        *lock(&self.roots) = Some(roots.collect());
    }

    pub(super) fn asked(&self) -> Vec<Question> {
        lock(&self.asked).clone()
    }

    /// The answer to a question, or what the test lacks.
    pub(super) fn answer(&self, question: Question) -> Result<Value, String> {
        let answer = self.find(&question);
        lock(&self.asked).push(question);
        answer
    }

    fn find(&self, question: &Question) -> Result<Value, String> {
        if question.method == ROOTS {
            let roots = lock(&self.roots).clone();
            return roots.map(|roots| json!({ "roots": roots })).ok_or_else(|| {
                "the server asked for roots, and the test has none; say them before: \
                 `client.roots([..])`"
                    .to_owned()
            });
        }
        let reply = {
            let replies = lock(&self.replies);
            let mut known = replies.iter();
            // A key is more than a message that happens to be the same.
            let by_key = question.key.as_ref().and_then(|key| replies.get(key));
            let found = by_key.or_else(|| {
                known.find_map(|(name, reply)| question.is_named(name).then_some(reply))
            });
            found.cloned()
        };
        match (question.method.as_str(), reply) {
            (ELICIT, Some(Reply::Content(_))) if question.is_url() => {
                Ok(json!({ "action": "accept" }))
            }
            (ELICIT, Some(Reply::Content(content))) => {
                Ok(json!({ "action": "accept", "content": content }))
            }
            (ELICIT, Some(Reply::Decline)) => Ok(json!({ "action": "decline" })),
            (ELICIT, Some(Reply::Cancel)) => Ok(json!({ "action": "cancel" })),
            (SAMPLE, Some(Reply::Content(result))) => Ok(result),
            (SAMPLE, Some(Reply::Text(text))) => Ok(json!({
                "role": "assistant",
                "content": { "type": "text", "text": text },
                "model": "test",
                "stopReason": "endTurn",
            })),
            (method, reply) => Err(missing(question, method, reply.is_some())),
        }
    }
}

/// What a test has to say for a question to be answered.
fn missing(question: &Question, method: &str, unfit: bool) -> String {
    let message = question.message.as_deref().unwrap_or_default();
    let name = question.key.as_deref().unwrap_or(message);
    let lacks = if unfit {
        "the test's answer is of another kind"
    } else {
        "the test has no answer"
    };
    let advice = match method {
        ELICIT => format!("`client.answer({name:?}, json!({{..}}))`, `decline` or `cancel`"),
        SAMPLE => format!("`client.answer_sampling({name:?}, \"..\")`"),
        _ => "nothing, for the test kit does not know this method".to_owned(),
    };
    format!("the server asked `{name}` ({method}: {message:?}), and {lacks}; say before: {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(key: Option<&str>, message: &str) -> Question {
        Question::new(key, ELICIT, json!({ "message": message }))
    }

    #[test]
    fn a_question_is_known_by_its_key_or_else_by_its_message() {
        let desk = Desk::default();
        desk.reply("Sure?".into(), Reply::Decline);
        desk.reply("sure".into(), Reply::Content(json!({ "yes": true })));
        let accepted = Ok(json!({ "action": "accept", "content": { "yes": true } }));
        let declined = Ok(json!({ "action": "decline" }));
        assert_eq!(desk.answer(asked(Some("sure"), "Sure?")), accepted);
        assert_eq!(desk.answer(asked(Some("other"), "Sure?")), declined);
        assert_eq!(desk.answer(asked(None, "[db] Sure?")), declined);
        let keyed = json!({ "message": "?", "_meta": { META_KEY: "sure" } });
        assert_eq!(desk.answer(Question::new(None, ELICIT, keyed)), accepted);
        assert_eq!(desk.asked().len(), 4);
    }

    #[test]
    fn what_a_test_lacks_is_said_with_the_line_that_helps() {
        let desk = Desk::default();
        let why = desk.answer(asked(Some("sure"), "Sure?")).unwrap_err();
        assert!(
            why.starts_with("the server asked `sure` (elicitation/create: \"Sure?\")")
                && why.contains("`client.answer(\"sure\", json!({..}))`"),
            "{why}"
        );
        desk.reply("haiku".into(), Reply::Decline);
        let sampling = Question::new(Some("haiku"), SAMPLE, json!({}));
        let why = desk.answer(sampling).unwrap_err();
        assert!(
            why.contains("of another kind") && why.contains("answer_sampling"),
            "{why}"
        );
    }
}
