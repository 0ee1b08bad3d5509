//! Clients that do what no SDK does: go without a word, answer twice, and answer what they were not asked.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Asking, Event, Fate, Kind, append};
use crate::raw::{Call, LEGACY, MODERN, Message, Raw};

/// What a forged answer says; nobody who is asked says it.
const FORGED: &str = "forged";
/// The ids that a forger tries: those of the first requests of any implementation.
const GUESSES: std::ops::Range<u32> = 0..40;

/// Rude clients of one endpoint.
#[derive(Clone, Debug)]
pub struct Rude {
    /// The endpoint.
    pub url: String,
    /// Where they write down what they did.
    pub ledger: PathBuf,
}

impl Rude {
    /// A legacy client that is asked, and is gone: no answer, no cancellation, no end of its session.
    pub async fn vanishes(&self, name: &str, child: Asking) {
        let client = self.come(name, Kind::Legacy).await;
        let call = self.ask(&client, name, child, Fate::Left).await;
        let question = asked(&client).await;
        self.note_asked(name, &question.value["params"], "");
        self.leave(client, call, name);
    }

    /// A modern client that is asked, and never comes back.
    pub async fn never_retries(&self, name: &str, child: Asking) {
        let client = self.come(name, Kind::Principal).await;
        let call = self.ask(&client, name, child, Fate::Left).await;
        let answer = call.answer().await.value;
        let questions = answer["result"]["inputRequests"].as_object();
        for question in questions
            .into_iter()
            .flat_map(|questions| questions.values())
        {
            self.note_asked(name, &question["params"], "");
        }
        self.leave(client, call, name);
    }

    /// A modern client that hangs up before it was answered.
    pub async fn hangs_up(&self, name: &str, child: Asking) {
        let client = self.come(name, Kind::Principal).await;
        let call = self.ask(&client, name, child, Fate::Left).await;
        self.leave(client, call, name);
    }

    /// A legacy client that answers one question twice; the first answer counts.
    pub async fn answers_twice(&self, name: &str, child: Asking) {
        let client = self.come(name, Kind::Legacy).await;
        let call = self.ask(&client, name, child, Fate::Kept).await;
        let question = asked(&client).await;
        let answer = format!("{name}-secret/once/1");
        self.note_asked(name, &question.value["params"], &answer);
        for marker in [answer.as_str(), FORGED] {
            let content = json!({ "marker": marker });
            client
                .reply(&question, json!({ "action": "accept", "content": content }))
                .await;
        }
        let end = call.answer().await.value;
        let text = end["result"]["content"][0]["text"].as_str();
        append(
            &self.ledger,
            &Event::End {
                call: format!("{name}/1"),
                answers: text.and_then(|text| serde_json::from_str(text).ok()),
                error: Some(end.to_string()),
            },
        );
        client.close().await;
    }

    /// A legacy client that answers all the requests that others may have been sent.
    pub async fn forges(&self, name: &str) {
        let client = self.come(name, Kind::Legacy).await;
        let results = [
            json!({ "action": "accept", "content": { "marker": FORGED } }),
            json!({ "role": "assistant", "content": { "type": "text", "text": FORGED }, "model": "none" }),
            json!({ "roots": [{ "uri": format!("file:///{FORGED}") }] }),
        ];
        for guess in GUESSES {
            for result in &results {
                for id in [json!(guess), json!(guess.to_string())] {
                    let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
                    client.send_text(&answer.to_string()).await;
                }
            }
        }
        // Behind all of them, because it is answered.
        client.request("tools/list", json!({})).await;
        client.close().await;
    }

    async fn come(&self, name: &str, kind: Kind) -> Raw {
        append(
            &self.ledger,
            &Event::Client {
                client: name.to_owned(),
                marker: format!("{name}-secret"),
                kind,
            },
        );
        let version = if kind == Kind::Legacy { LEGACY } else { MODERN };
        let capabilities = json!({ "elicitation": {}, "sampling": {}, "roots": {} });
        let mut client = Raw::url(&self.url, version, capabilities).await;
        if kind == Kind::Principal {
            client.set_header("authorization", &format!("Bearer {name}"));
        }
        client
    }

    /// Calls the tool that asks one form.
    async fn ask(&self, client: &Raw, name: &str, child: Asking, fate: Fate) -> Call {
        let (call, groups) = (format!("{name}/1"), vec![vec!["form".to_owned()]]);
        append(
            &self.ledger,
            &Event::Call {
                call: call.clone(),
                client: name.to_owned(),
                child: child.name().to_owned(),
                nonce: "once".to_owned(),
                groups: groups.clone(),
                fate,
            },
        );
        let arguments = json!({ "call": call, "client": name, "nonce": "once", "groups": groups });
        let tool = format!("{}_ask", child.name());
        let params = json!({ "name": tool, "arguments": arguments });
        client.start("tools/call", params).await
    }

    fn note_asked(&self, name: &str, params: &Value, answer: &str) {
        let said = params["message"].as_str().unwrap_or_default();
        let part = |key: &str| {
            let mut parts = said
                .split_whitespace()
                .filter_map(|part| part.split_once('='));
            let found = parts.find(|(name, _)| *name == key);
            found.map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        append(
            &self.ledger,
            &Event::Asked {
                by: name.to_owned(),
                call: part("call"),
                client: part("client"),
                nonce: part("nonce"),
                n: part("n").parse().unwrap_or(0),
                answer: answer.to_owned(),
            },
        );
    }

    fn leave(&self, client: Raw, call: Call, name: &str) {
        append(
            &self.ledger,
            &Event::Left {
                client: name.to_owned(),
            },
        );
        client.vanish(&[call]);
    }
}

/// The form that the client is asked to fill in.
async fn asked(client: &Raw) -> Message {
    client.notification("elicitation/create", |_| true).await
}
