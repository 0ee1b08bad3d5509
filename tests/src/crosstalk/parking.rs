//! A modern client of one principal, whose calls a legacy child interrupts with questions.

use serde_json::{Map, Value, json};

use super::{Asking, Event, Scene, read};
use crate::aggregator::Aggregator;
use crate::raw::{Call, MODERN, Raw};
use crate::system::eventually;

/// A call of the tool that asks, as it is made and made again.
#[derive(Clone, Debug)]
pub struct Park {
    tool: String,
    arguments: Value,
}

impl Park {
    /// A call named `call`, of a child that asks these groups of questions one after the other.
    pub fn new(child: Asking, call: &str, groups: &[&[&str]]) -> Self {
        let arguments =
            json!({ "call": call, "client": "parker", "nonce": "park", "groups": groups });
        Self {
            tool: format!("{}_ask", child.name()),
            arguments,
        }
    }

    /// With one more argument, or another value of one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &Value) -> Self {
        self.arguments[name] = value.clone();
        self
    }

    /// With the same arguments for another tool.
    #[must_use]
    pub fn of(mut self, tool: &str) -> Self {
        tool.clone_into(&mut self.tool);
        self
    }

    /// The parameters of the first request.
    pub fn params(&self) -> Value {
        json!({ "name": self.tool, "arguments": self.arguments })
    }

    /// The parameters of the retry that brings `responses` to what `asked` asks.
    pub fn retry(&self, asked: &Value, responses: &Value) -> Value {
        let mut params = self.params();
        params["inputResponses"] = responses.clone();
        params["requestState"] = asked["requestState"].clone();
        params
    }

    /// Makes the call, and answers with the questions that it is interrupted by.
    ///
    /// # Panics
    /// When there are none.
    pub async fn begin(&self, client: &Raw) -> Value {
        let asked = client.request("tools/call", self.params()).await;
        keys(&asked);
        asked
    }

    /// Makes the call again with answers.
    pub async fn resume(
        &self,
        client: &Raw,
        asked: &Value,
        responses: &Value,
    ) -> Result<Value, Value> {
        client
            .try_request("tools/call", self.retry(asked, responses))
            .await
    }

    /// As [`Park::resume`], without waiting.
    pub async fn start(&self, client: &Raw, asked: &Value, responses: &Value) -> Call {
        client
            .start("tools/call", self.retry(asked, responses))
            .await
    }
}

/// A client that can be asked everything, and speaks for this principal; for none without a name.
pub async fn principal(aggregator: &Aggregator, name: &str) -> Raw {
    let capabilities = json!({ "elicitation": {}, "sampling": {}, "roots": {} });
    let mut client = Raw::url(&aggregator.url, MODERN, capabilities).await;
    if !name.is_empty() {
        client.set_header("authorization", &format!("Bearer {name}"));
    }
    for child in [Asking::Pipe, Asking::Http] {
        client.listed(&format!("{}_ask", child.name())).await;
    }
    client
}

/// The keys of the questions of a result, in order.
///
/// # Panics
/// When it asks nothing.
pub fn keys(asked: &Value) -> Vec<String> {
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    assert!(asked["requestState"].is_string(), "{asked}");
    let questions = asked["inputRequests"].as_object();
    let questions = questions.unwrap_or_else(|| panic!("no questions in {asked}"));
    questions.keys().cloned().collect()
}

/// Answers to all questions of a result, with `text` and the question's key in each.
pub fn answers(asked: &Value, text: &str) -> Value {
    let questions = asked["inputRequests"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let answer = |(key, question): (String, Value)| {
        let text = format!("{text}-{key}");
        let answer = match question["method"].as_str() {
            Some("elicitation/create") => {
                json!({ "action": "accept", "content": { "marker": text } })
            }
            Some("sampling/createMessage") => {
                json!({ "role": "assistant", "content": { "type": "text", "text": text }, "model": "none" })
            }
            Some("roots/list") => json!({ "roots": [{ "uri": format!("file:///{text}") }] }),
            other => panic!("no answer to {other:?}"),
        };
        (key, answer)
    };
    Value::Object(questions.into_iter().map(answer).collect::<Map<_, _>>())
}

/// What the child was answered, by its result.
///
/// # Panics
/// When it is not the result of a whole call.
pub fn answered(result: &Value) -> Vec<String> {
    assert_eq!(result["resultType"], "complete", "{result}");
    let text = result["content"][0]["text"].as_str();
    let text = text.unwrap_or_else(|| panic!("no text in {result}"));
    serde_json::from_str(text).unwrap_or_else(|_| panic!("no answers in {result}"))
}

impl Scene {
    /// Waits until the child has an outcome for a question, and answers with it: the answer, or why there is none.
    pub async fn outcome(&self, call: &str, number: u32) -> Result<String, String> {
        let mut found = None;
        eventually(&format!("an outcome of {call}#{number}"), || {
            found = read(&self.ledger())
                .into_iter()
                .find_map(|event| match event {
                    Event::Reply {
                        call: of,
                        n,
                        answer,
                        refused,
                        ..
                    } if of == call && n == number => Some(
                        answer.ok_or_else(|| refused.unwrap_or_else(|| "withdrawn".to_owned())),
                    ),
                    _ => None,
                });
            found.is_some()
        })
        .await;
        found.expect("found just now")
    }

    /// Waits until the child has noted something about a call.
    pub async fn noted(&self, call: &str, what: &str) {
        let said = format!("{call} {what}");
        eventually(&said, || {
            read(&self.ledger())
                .iter()
                .any(|event| matches!(event, Event::Traffic { detail, .. } if *detail == said))
        })
        .await;
    }

    /// The process that asked the first question of a call.
    ///
    /// # Panics
    /// When nobody did.
    pub fn asker(&self, call: &str) -> i32 {
        let asker = read(&self.ledger())
            .into_iter()
            .find_map(|event| match event {
                Event::Question { call: of, pid, .. } if of == call => pid,
                _ => None,
            });
        asker.unwrap_or_else(|| panic!("{call} has not asked"))
    }

    /// How many questions a call has asked.
    pub fn questions(&self, call: &str) -> usize {
        let events = read(&self.ledger());
        let of_call = events
            .iter()
            .filter(|event| matches!(event, Event::Question { call: of, .. } if of == call));
        of_call.count()
    }
}
