//! What a server asks the raw client in the middle of a call, and what the client answers, in either era.

use serde_json::{Map, Value, json};

use super::{Call, Message, Raw};
use crate::patiently;

/// How far a call is: it asks something, or it has ended.
#[derive(Debug)]
pub enum Turn<'a> {
    /// It waits for answers.
    Asks(Asking<'a>),
    /// It ended, with its result or its error.
    Ended(Result<Value, Value>),
}

/// A call that waits for answers of its client.
#[derive(Debug)]
pub struct Asking<'a> {
    client: &'a Raw,
    method: String,
    params: Value,
    /// The call itself, in the legacy era: it still runs.
    call: Option<Call>,
    /// What is asked: one question in the legacy era, all of a round in the modern one.
    pub questions: Vec<Question>,
    /// The handle that a modern client brings back.
    pub state: Option<Value>,
}

/// One question.
#[derive(Clone, Debug)]
pub struct Question {
    /// The request's id as JSON, in the legacy era; its key, in the modern one.
    pub key: String,
    /// What is asked for.
    pub method: String,
    /// With which parameters.
    pub params: Value,
    /// The request on whose stream it came.
    pub on: Option<i64>,
}

impl Turn<'_> {
    /// The result of a call that has ended well.
    ///
    /// # Panics
    /// When it asks, or ended with an error.
    pub fn result(self) -> Value {
        match self {
            Self::Ended(Ok(result)) => result,
            other => panic!("this is no result: {other:?}"),
        }
    }

    /// The error of a call that has failed.
    ///
    /// # Panics
    /// When it asks, or ended well.
    pub fn error(self) -> Value {
        match self {
            Self::Ended(Err(error)) => error,
            other => panic!("this is no error: {other:?}"),
        }
    }
}

impl<'a> Turn<'a> {
    /// The call that waits for answers.
    ///
    /// # Panics
    /// When it has ended.
    pub fn asking(self) -> Asking<'a> {
        match self {
            Self::Asks(asking) => asking,
            Self::Ended(how) => panic!("it asks nothing: {how:?}"),
        }
    }
}

impl<'a> Asking<'a> {
    /// The only question.
    ///
    /// # Panics
    /// When there are several.
    pub fn question(&self) -> &Question {
        match self.questions.as_slice() {
            [question] => question,
            several => panic!("not one question: {several:?}"),
        }
    }

    /// The running call's id; a modern call has ended, and will be made again.
    pub fn id(&self) -> Option<i64> {
        self.call.as_ref().map(Call::id)
    }

    /// Answers all questions with this, and waits for what comes next.
    pub async fn answer(self, answer: Value) -> Turn<'a> {
        self.answer_each(|_| answer.clone()).await
    }

    /// Answers each question, and waits for what comes next.
    pub async fn answer_each(self, answer: impl Fn(&Question) -> Value) -> Turn<'a> {
        let Some(call) = self.call else {
            let answers: Map<String, Value> = self
                .questions
                .iter()
                .map(|question| (question.key.clone(), answer(question)))
                .collect();
            return self.retry(Value::Object(answers)).await;
        };
        for question in &self.questions {
            let result = answer(question);
            self.client.respond(&question.key, "result", &result).await;
        }
        let (client, method) = (self.client, self.method);
        client.turn(call, method, self.params).await
    }

    /// Makes a modern call again with exactly these answers; may be done more than once.
    pub async fn retry(&self, answers: Value) -> Turn<'a> {
        let mut params = self.params.clone();
        params["inputResponses"] = answers;
        if let Some(state) = &self.state {
            params["requestState"] = state.clone();
        }
        self.again(params).await
    }

    /// Makes a modern call again with these parameters.
    pub async fn again(&self, params: Value) -> Turn<'a> {
        let call = self.client.start(&self.method, params.clone()).await;
        let method = self.method.clone();
        self.client.turn(call, method, params).await
    }

    /// Answers a legacy question with an error, and waits for what comes next.
    pub async fn refuse(self, code: i64, message: &str) -> Turn<'a> {
        let error = json!({ "code": code, "message": message });
        for question in &self.questions {
            self.client.respond(&question.key, "error", &error).await;
        }
        let call = self.call.expect("only a legacy question can be refused");
        self.client.turn(call, self.method, self.params).await
    }

    /// Cancels a running call, as its client's user can while being asked.
    pub async fn cancel(self) {
        if let Some(call) = &self.call {
            self.client.cancel(call).await;
        }
    }
}

impl Raw {
    /// Calls a tool and waits until it asks something or ends.
    pub async fn ask(&self, tool: &str, arguments: Value) -> Turn<'_> {
        let params = json!({ "name": tool, "arguments": arguments });
        self.ask_in("tools/call", params).await
    }

    /// Sends a request and waits until it asks something or ends.
    pub async fn ask_in(&self, method: &str, params: Value) -> Turn<'_> {
        let call = self.start(method, params.clone()).await;
        self.turn(call, method.to_owned(), params).await
    }

    /// All requests of the server so far.
    pub fn questions(&self) -> Vec<Question> {
        self.received().iter().filter_map(Question::of).collect()
    }

    /// Waits for a request of the server that no call is waited for with; legacy servers may ask for roots so.
    pub async fn asked(&self, method: &str) -> Question {
        patiently(
            method,
            self.log
                .until(|messages, _| self.take(messages, Some(method))),
        )
        .await
    }

    /// Waits for the answer to a request that was sent before.
    pub async fn outcome(&self, request: i64) -> Value {
        let call = Call {
            id: request,
            log: self.log.clone(),
            abort: None,
        };
        call.answer().await.value
    }

    /// Answers a request of the server.
    pub async fn respond(&self, id: &str, kind: &str, value: &Value) {
        self.send_text(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"{kind}":{value}}}"#
        ))
        .await;
    }

    async fn turn(&self, call: Call, method: String, mut params: Value) -> Turn<'_> {
        let wanted = json!(call.id);
        let what = format!("a question or the end of request {}", call.id);
        let news = self.log.until(|messages, closed| {
            let answer = messages.iter().find(|message| {
                message.value.get("id") == Some(&wanted) && message.method().is_none()
            });
            match (answer, closed.get(&call.id)) {
                (Some(answer), _) => Some(Ok(answer.value.clone())),
                (None, Some(reason)) => panic!("{what} did not come: {reason}"),
                (None, None) => self.take(messages, None).map(Err),
            }
        });
        let (call, questions, state) = match patiently(&what, news).await {
            Err(question) => (Some(call), vec![question], None),
            Ok(answer) if answer["result"]["resultType"] == "input_required" => {
                let result = &answer["result"];
                let questions = Question::of_round(&result["inputRequests"]);
                (None, questions, result.get("requestState").cloned())
            }
            Ok(answer) => {
                return Turn::Ended(match answer.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(answer["result"].clone()),
                });
            }
        };
        if let Some(params) = params.as_object_mut() {
            params.remove("inputResponses");
            params.remove("requestState");
        }
        Turn::Asks(Asking {
            client: self,
            method,
            params,
            call,
            questions,
            state,
        })
    }

    /// The first question that nobody has taken up.
    fn take(&self, messages: &[Message], method: Option<&str>) -> Option<Question> {
        let mut taken = self.taken.lock().expect("not poisoned");
        let new = messages.iter().filter_map(Question::of).find(|question| {
            method.is_none_or(|method| question.method == method) && !taken.contains(&question.key)
        })?;
        taken.insert(new.key.clone());
        Some(new)
    }
}

impl Question {
    fn of(message: &Message) -> Option<Self> {
        Some(Self {
            key: message.value.get("id")?.to_string(),
            method: message.method()?.to_owned(),
            params: message.value["params"].clone(),
            on: message.on,
        })
    }

    fn of_round(requests: &Value) -> Vec<Self> {
        let requests = requests.as_object().cloned().unwrap_or_default();
        let questions = requests.into_iter().map(|(key, request)| Self {
            key,
            method: request["method"].as_str().unwrap_or_default().to_owned(),
            params: request["params"].clone(),
            on: None,
        });
        questions.collect()
    }

    /// What a person is shown: a form's message, or the last text of a conversation.
    pub fn text(&self) -> &str {
        let said = match self.method.as_str() {
            "sampling/createMessage" => {
                let messages = self.params["messages"].as_array();
                messages.and_then(|messages| messages.last()).map(|last| {
                    let content = &last["content"];
                    match content {
                        Value::Array(parts) => &parts[0]["text"],
                        one => &one["text"],
                    }
                })
            }
            _ => Some(&self.params["message"]),
        };
        said.and_then(Value::as_str).unwrap_or_default()
    }
}

/// What a model answers.
pub fn sampled(text: &str) -> Value {
    let content = json!({ "type": "text", "text": text });
    json!({ "role": "assistant", "content": content, "model": "a-model", "stopReason": "endTurn" })
}

/// What a user answers who fills in a form.
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers write the content in place"
)]
pub fn accepted(content: Value) -> Value {
    json!({ "action": "accept", "content": content })
}

/// What a client answers that has one root.
pub fn rooted(uri: &str) -> Value {
    json!({ "roots": [{ "uri": uri, "name": "root" }] })
}
