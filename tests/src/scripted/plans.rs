//! How a scripted child carries out a plan.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Child, Out, answer, notify, refuse, send};
use crate::script::{Answer, Plan, Step};

impl Child {
    /// Carries out the plan of a request, and answers it.
    pub(super) async fn follow(&self, plan: Option<Plan>, id: &Value, params: &str, out: &Out) {
        let parsed: Value = serde_json::from_str(params).unwrap_or_default();
        let Some(plan) = plan else {
            return refuse(
                out,
                id,
                &json!({ "code": -32602, "message": format!("nothing is planned for {parsed}") }),
            );
        };
        let plan = match plan.retry {
            Some(retry) if parsed.get("inputResponses").is_some() => *retry,
            _ => plan,
        };
        let running = self.running(id);
        let mut cancelled = false;
        let mut later = Vec::new();
        for step in plan.steps {
            match step {
                Step::UntilCancelled => {
                    running.cancelled().await;
                    cancelled = true;
                }
                Step::Later(steps) => later.extend(steps),
                other => self.step(other, id, &parsed, out).await,
            }
        }
        if !cancelled {
            self.answer(plan.answer, id, &parsed, params, out).await;
        }
        self.shared
            .running
            .lock()
            .expect("not poisoned")
            .remove(&id.to_string());
        for step in later {
            self.step(step, id, &parsed, out).await;
        }
    }

    async fn step(&self, step: Step, id: &Value, params: &Value, out: &Out) {
        match step {
            Step::Progress(members) => progress(params, members, out),
            Step::Count(count) => {
                for number in 1..=count {
                    progress(params, json!({ "progress": number, "total": count }), out);
                }
            }
            Step::Log(message) => notify(out, "notifications/message", &message.to_string()),
            Step::Notify(message) => {
                let message: Notification<'_> = serde_json::from_str(message.get())
                    .expect("a notification has a method and parameters");
                self.push(&message.method, message.params.get());
            }
            Step::UntilCancelled | Step::Later(_) => {
                unreachable!("handled where the request is known")
            }
            Step::Ask(request) => {
                let id = self.ask(&request, std::slice::from_ref(out));
                self.until_answered(id).await;
            }
            Step::AskAside(request) => {
                let pushes = self.shared.pushes.lock().expect("not poisoned").clone();
                let id = self.ask(&request, &pushes);
                self.until_answered(id).await;
            }
            Step::UntilReleased => {
                let before = *self.shared.released.lock().expect("not poisoned");
                self.until(|| *self.shared.released.lock().expect("not poisoned") > before)
                    .await;
            }
            Step::Release => {
                *self.shared.released.lock().expect("not poisoned") += 1;
                self.shared.news.notify_waiters();
            }
            Step::PauseMs(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await
            }
            Step::Exit(code) => std::process::exit(code),
            Step::Noise(line) => send(out, line),
            Step::Print(what) => self.print(what, id, params).await,
            Step::Deaf => self.deaf().cancel(),
            Step::Add(lists) => {
                for (list, entries) in lists {
                    let method = self
                        .shared
                        .lists
                        .lock()
                        .expect("not poisoned")
                        .add(&list, entries);
                    self.push(method, "{}");
                }
            }
            Step::Circle(list) => {
                let mut lists = self.shared.lists.lock().expect("not poisoned");
                let method = lists.circle(&list);
                drop(lists);
                self.push(method, "{}");
            }
            Step::Remove(lists) => {
                for (list, names) in lists {
                    let method = self
                        .shared
                        .lists
                        .lock()
                        .expect("not poisoned")
                        .remove(&list, &names);
                    self.push(method, "{}");
                }
            }
        }
    }

    async fn answer(&self, planned: Answer, id: &Value, parsed: &Value, params: &str, out: &Out) {
        let text = |text: &str| json!({ "content": [{ "type": "text", "text": text }] });
        let result = match planned {
            Answer::Nothing => return,
            Answer::Error(error) => {
                return send(
                    out,
                    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{}}}"#, error.get()),
                );
            }
            Answer::Result(result) => result.get().to_owned(),
            Answer::Echo => text(&arguments(params)).to_string(),
            Answer::Size(bytes) => text(&"x".repeat(bytes)).to_string(),
            Answer::Received => self.received(&parsed["arguments"]).await,
            Answer::Process => {
                let environment: serde_json::Map<String, Value> = std::env::vars()
                    .map(|(name, value)| (name, json!(value)))
                    .collect();
                let folder = std::env::current_dir().unwrap_or_default();
                let structured =
                    json!({ "env": environment, "cwd": folder, "pid": std::process::id() });
                json!({ "content": [], "structuredContent": structured }).to_string()
            }
            Answer::Answers => {
                let count = parsed["arguments"]["count"].as_u64().unwrap_or(0);
                let answers = || -> Vec<Value> {
                    let answers = self.shared.answers.lock().expect("not poisoned");
                    answers.values().cloned().collect()
                };
                let enough = self.until(|| answers().len() as u64 >= count);
                // The caller sees what came when it does not come in time.
                let _ = tokio::time::timeout(Duration::from_secs(5), enough).await;
                json!({ "content": [], "structuredContent": { "answers": answers() } }).to_string()
            }
            Answer::Brought => {
                let brought = json!({ "inputResponses": parsed["inputResponses"], "requestState": parsed["requestState"] });
                json!({ "content": [], "structuredContent": brought }).to_string()
            }
            Answer::Counter => {
                let mut counters = self.shared.counters.lock().expect("not poisoned");
                let count = counters.entry(parsed["name"].to_string()).or_default();
                *count += 1;
                text(&count.to_string()).to_string()
            }
        };
        answer(out, id, &self.stamped(&result));
    }

    /// What arrived, as the result of a call.
    async fn received(&self, wanted: &Value) -> String {
        let method = wanted["method"].as_str();
        let count = wanted["count"].as_u64().unwrap_or(0);
        let matching = || -> Vec<String> {
            let received = self.shared.received.lock().expect("not poisoned");
            let matching = received
                .iter()
                .filter(|message| method.is_none() || message.method.as_deref() == method);
            matching.map(|message| message.text.clone()).collect()
        };
        let enough = self.until(|| matching().len() as u64 >= count);
        // The caller sees what came when it does not come in time.
        let _ = tokio::time::timeout(Duration::from_secs(5), enough).await;
        let messages = matching();
        format!(
            r#"{{"content":[],"structuredContent":{{"messages":[{}]}}}}"#,
            messages.join(",")
        )
    }

    async fn until_answered(&self, question: u64) {
        let answered = || {
            let answers = self.shared.answers.lock().expect("not poisoned");
            answers.contains_key(&question)
        };
        self.until(answered).await;
    }

    /// Waits until all questions are answered, and gives the last answer.
    pub(super) async fn last_answer(&self) -> Value {
        let last = || self.shared.asked.load(Ordering::SeqCst).checked_sub(1);
        let answer = || {
            let answers = self.shared.answers.lock().expect("not poisoned");
            last().and_then(|last| answers.get(&last).cloned())
        };
        self.until(|| answer().is_some()).await;
        answer().expect("seen just now")
    }

    /// Waits until something of this name arrived.
    pub(super) async fn heard(&self, method: &str) {
        let heard = || {
            let received = self.shared.received.lock().expect("not poisoned");
            received
                .iter()
                .any(|message| message.method.as_deref() == Some(method))
        };
        self.until(heard).await;
    }

    async fn until(&self, condition: impl Fn() -> bool) {
        loop {
            let news = self.shared.news.notified();
            let mut news = std::pin::pin!(news);
            news.as_mut().enable();
            if condition() {
                return;
            }
            news.await;
        }
    }
}

fn progress(params: &Value, mut members: Value, out: &Out) {
    let token = &params["_meta"]["progressToken"];
    if !token.is_null() {
        members["progressToken"] = token.clone();
        notify(out, "notifications/progress", &members.to_string());
    }
}

#[derive(serde::Deserialize)]
struct Notification<'a> {
    method: String,
    #[serde(borrow)]
    params: &'a serde_json::value::RawValue,
}

/// The exact text of the arguments.
fn arguments(params: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Call<'a> {
        #[serde(borrow)]
        arguments: Option<&'a serde_json::value::RawValue>,
    }
    let call = serde_json::from_str::<Call<'_>>(params);
    call.ok()
        .and_then(|call| call.arguments)
        .map_or_else(String::new, |arguments| arguments.get().to_owned())
}
