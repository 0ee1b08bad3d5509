//! A child that does exactly what its script says, over stdio or HTTP.

mod entry;
mod http;
mod lists;
mod plans;
mod print;
mod stdio;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

pub use entry::{basic, says, scripted, text, tool};
pub use http::{HttpChild, HttpScript};
pub use stdio::run as run_stdio;

use crate::script::{Era, Plan, Script};
use lists::Lists;

/// The id of a child's first own request; far from those of its clients, so that a log is easy to read.
const FIRST_QUESTION: u64 = 9001;

/// Where a child's messages go.
type Out = mpsc::UnboundedSender<String>;

/// A child that was told what to do.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    script: Script,
    lists: Mutex<Lists>,
    received: Mutex<Vec<Received>>,
    running: Mutex<HashMap<String, CancellationToken>>,
    /// What was cancelled before it was seen to run.
    cancelled: Mutex<HashSet<String>>,
    counters: Mutex<HashMap<String, u64>>,
    /// Streams of `subscriptions/listen`, with their request's id.
    listening: Mutex<Vec<(Value, Out)>>,
    /// Where a legacy child pushes.
    pushes: Mutex<Vec<Out>>,
    news: Notify,
    released: Mutex<u64>,
    /// What was answered to the child's own requests, by id.
    answers: Mutex<BTreeMap<u64, Value>>,
    asked: AtomicU64,
    answered: tokio::sync::OnceCell<()>,
    prints: AtomicU64,
    deaf: CancellationToken,
}

/// A message that arrived.
#[derive(Clone, Debug)]
struct Received {
    method: Option<String>,
    text: String,
}

/// The envelope of a message, its payload untouched.
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    id: Option<Value>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

impl Child {
    pub(crate) fn new(script: Script) -> Self {
        let lists = Lists::of(&script);
        Self {
            shared: Arc::new(Shared {
                script,
                lists: Mutex::new(lists),
                received: Mutex::default(),
                running: Mutex::default(),
                cancelled: Mutex::default(),
                counters: Mutex::default(),
                listening: Mutex::default(),
                pushes: Mutex::default(),
                news: Notify::new(),
                released: Mutex::default(),
                answers: Mutex::default(),
                asked: AtomicU64::new(FIRST_QUESTION),
                answered: tokio::sync::OnceCell::new(),
                prints: AtomicU64::new(0),
                deaf: CancellationToken::new(),
            }),
        }
    }

    pub(crate) fn script(&self) -> &Script {
        &self.shared.script
    }

    /// Fires when it is to read nothing more.
    pub(crate) fn deaf(&self) -> &CancellationToken {
        &self.shared.deaf
    }

    /// Where messages go that no request of the client carries.
    pub(crate) fn push_to(&self, out: Out) {
        self.shared.pushes.lock().expect("not poisoned").push(out);
    }

    /// Handles one message; answers and notifications go to `out`.
    pub(crate) async fn handle(&self, text: &str, out: &Out) {
        let Ok(message) = serde_json::from_str::<Envelope<'_>>(text) else {
            self.record(None, text);
            return;
        };
        self.record(message.method.as_deref(), text);
        let params = message.params.map_or("{}", RawValue::get);
        match (message.method.as_deref(), message.id) {
            (Some(method), Some(id)) => self.request(method, &id, params, out).await,
            (Some("notifications/cancelled"), None) => {
                let params: Value = serde_json::from_str(params).unwrap_or_default();
                self.cancel(&params["requestId"]);
            }
            (None, Some(id)) => self.answered(&id, text),
            _ => {}
        }
    }

    /// Keeps the answer to a request of the child's own.
    fn answered(&self, id: &Value, text: &str) {
        let mut answer: Value = serde_json::from_str(text).unwrap_or_default();
        let Some(id) = id.as_u64() else { return };
        for member in ["id", "jsonrpc"] {
            answer
                .as_object_mut()
                .and_then(|answer| answer.remove(member));
        }
        // The first one counts: a question that goes out on several streams is answered on each.
        self.shared
            .answers
            .lock()
            .expect("not poisoned")
            .entry(id)
            .or_insert(answer);
        self.shared.news.notify_waiters();
    }

    /// Ends a running request, as its client asked, or because its client is gone.
    pub(crate) fn cancel(&self, id: &Value) {
        let id = id.to_string();
        match self.shared.running.lock().expect("not poisoned").get(&id) {
            Some(running) => running.cancel(),
            None => {
                self.shared
                    .cancelled
                    .lock()
                    .expect("not poisoned")
                    .insert(id);
            }
        }
    }

    /// Notes something that arrived, for `Received`.
    pub(crate) fn record(&self, method: Option<&str>, text: &str) {
        let received = Received {
            method: method.map(str::to_owned),
            text: text.to_owned(),
        };
        self.shared
            .received
            .lock()
            .expect("not poisoned")
            .push(received);
        self.shared.news.notify_waiters();
    }

    async fn request(&self, method: &str, id: &Value, params: &str, out: &Out) {
        let script = &self.shared.script;
        if script.silent {
            return;
        }
        self.shared
            .answered
            .get_or_init(|| tokio::time::sleep(std::time::Duration::from_millis(script.start_ms)))
            .await;
        let named: Value = serde_json::from_str(params).unwrap_or_default();
        let of = |plans: &HashMap<String, Plan>, name: &Value| {
            name.as_str().and_then(|name| plans.get(name)).cloned()
        };
        match method {
            "initialize" | "server/discover" => self.greet(method, id, &named, out),
            "ping" => answer(out, id, "{}"),
            "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list"
                if !script.methods.contains_key(method) =>
            {
                let page = self.shared.lists.lock().expect("not poisoned").page(
                    method,
                    &named,
                    script.page,
                );
                answer(out, id, &self.stamped(&page));
            }
            "subscriptions/listen" => self.listen(id, &named, out).await,
            "tools/call" => {
                let known = self
                    .shared
                    .lists
                    .lock()
                    .expect("not poisoned")
                    .has("tools", &named["name"]);
                let plan = of(&script.calls, &named["name"]).or_else(|| known.then(Plan::default));
                self.follow(plan, id, params, out).await;
            }
            "resources/read" => {
                self.follow(of(&script.reads, &named["uri"]), id, params, out)
                    .await
            }
            "prompts/get" => {
                self.follow(of(&script.gets, &named["name"]), id, params, out)
                    .await
            }
            "completion/complete" => {
                let plan = of(&script.completions, &named["ref"]["name"]);
                let plan = plan.or_else(|| of(&script.completions, &named["ref"]["uri"]));
                self.follow(plan, id, params, out).await;
            }
            other => match script.methods.get(other).cloned() {
                Some(plan) => self.follow(Some(plan), id, params, out).await,
                None if matches!(
                    other,
                    "resources/subscribe" | "resources/unsubscribe" | "logging/setLevel"
                ) =>
                {
                    answer(out, id, "{}");
                }
                None => refuse(
                    out,
                    id,
                    &json!({ "code": -32601, "message": format!("no method {other}") }),
                ),
            },
        }
    }

    fn greet(&self, method: &str, id: &Value, params: &Value, out: &Out) {
        let script = &self.shared.script;
        if let Some(error) = &script.refuse {
            return refuse(out, id, error);
        }
        let known = match script.era {
            Era::Legacy => "initialize",
            Era::Modern => "server/discover",
        };
        if method != known {
            return refuse(
                out,
                id,
                &json!({ "code": -32601, "message": format!("no method {method}") }),
            );
        }
        let lists = self.shared.lists.lock().expect("not poisoned");
        let capabilities = match &script.capabilities {
            Some(raw) => raw.get().to_owned(),
            None => lists
                .capabilities(!script.completions.is_empty())
                .to_string(),
        };
        let mut result = json!({ "instructions": script.instructions });
        if script.instructions.is_none() {
            result = json!({});
        }
        let info = json!({ "name": "scripted", "version": "1" });
        if script.era == Era::Legacy {
            result["protocolVersion"] = params["protocolVersion"].clone();
            result["serverInfo"] = info;
        } else {
            result["supportedVersions"] = json!(["2026-07-28"]);
            result["_meta"] = json!({ "io.modelcontextprotocol/serverInfo": info });
        }
        let text = result.to_string();
        let comma = if text == "{}" { "" } else { "," };
        let text = format!(
            "{}{comma}\"capabilities\":{capabilities}}}",
            &text[..text.len() - 1]
        );
        answer(out, id, &self.stamped(&text));
    }

    /// A result of a modern child carries more than that of a legacy one.
    fn stamped(&self, result: &str) -> String {
        let modern = self.shared.script.era == Era::Modern;
        match (modern, result.strip_suffix('}')) {
            (true, Some(open)) if !result.contains("\"resultType\"") => {
                let comma = if open == "{" { "" } else { "," };
                format!(r#"{open}{comma}"resultType":"complete","ttlMs":0,"cacheScope":"public"}}"#)
            }
            _ => result.to_owned(),
        }
    }

    async fn listen(&self, id: &Value, params: &Value, out: &Out) {
        if self.shared.script.era == Era::Legacy {
            return refuse(
                out,
                id,
                &json!({ "code": -32601, "message": "no method subscriptions/listen" }),
            );
        }
        let meta = json!({ "io.modelcontextprotocol/subscriptionId": id });
        let accepted = json!({ "_meta": meta, "notifications": params["notifications"] });
        notify(
            out,
            "notifications/subscriptions/acknowledged",
            &accepted.to_string(),
        );
        self.shared
            .listening
            .lock()
            .expect("not poisoned")
            .push((id.clone(), out.clone()));
        let running = self.running(id);
        running.cancelled().await;
        self.shared
            .listening
            .lock()
            .expect("not poisoned")
            .retain(|(listening, _)| listening != id);
    }

    /// Sends a request of the child's own, and answers with its id.
    fn ask(&self, request: &RawValue, outs: &[Out]) -> u64 {
        let id = self.shared.asked.fetch_add(1, Ordering::SeqCst);
        let rest = request.get().strip_prefix('{').unwrap_or("}");
        for out in outs {
            send(out, format!(r#"{{"jsonrpc":"2.0","id":{id},{rest}"#));
        }
        id
    }

    /// Sends a notification that belongs to no request.
    fn push(&self, method: &str, params: &str) {
        for out in self.shared.pushes.lock().expect("not poisoned").iter() {
            if self.shared.script.era == Era::Legacy {
                notify(out, method, params);
            }
        }
        for (id, out) in self.shared.listening.lock().expect("not poisoned").iter() {
            let mut params: Value = serde_json::from_str(params).unwrap_or_default();
            params["_meta"]["io.modelcontextprotocol/subscriptionId"] = id.clone();
            notify(out, method, &params.to_string());
        }
    }

    fn running(&self, id: &Value) -> CancellationToken {
        let token = CancellationToken::new();
        let key = id.to_string();
        self.shared
            .running
            .lock()
            .expect("not poisoned")
            .insert(key.clone(), token.clone());
        if self
            .shared
            .cancelled
            .lock()
            .expect("not poisoned")
            .remove(&key)
        {
            token.cancel();
        }
        token
    }
}

fn answer(out: &Out, id: &Value, result: &str) {
    send(
        out,
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#),
    );
}

fn refuse(out: &Out, id: &Value, error: &Value) {
    send(
        out,
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#),
    );
}

fn notify(out: &Out, method: &str, params: &str) {
    send(
        out,
        format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#),
    );
}

fn send(out: &Out, text: String) {
    // A client that is gone needs no answer.
    let _ = out.send(text);
}
