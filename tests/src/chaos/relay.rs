//! Relays over HTTP that are wrong in one way each: between clients and an aggregator, or between that and a child. What
//! they do is what aggregators have done, and a checker has to find it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// What is wrong with a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Nothing.
    Nothing,
    /// Of two calls at once, each gets the answer of the other.
    Swap,
    /// The answer is that of the call before.
    Stale,
    /// The answer says that it is for another client.
    OfAnother,
    /// The answer says that another child gave it.
    ByAnother,
    /// There is no answer, ever.
    Swallow,
    /// The stream of the answer ends without it.
    EndEmpty,
    /// The answer comes this long after the call.
    Delay(Duration),
    /// The answer comes twice.
    Twice,
    /// Progress comes after the answer.
    ProgressAfter,
    /// Another's answer comes on the stream too.
    Stray,
    /// The answer has another id.
    OtherId,
    /// The call is sent twice.
    Replay,
    /// The call is sent again where the answer is an error.
    ReplayOnError,
    /// Errors say neither which child nor why.
    Anonymous,
    /// Errors name another child.
    Misnamed,
    /// Errors do not say why.
    Unexplained,
    /// Errors are a status, and nothing else.
    BareStatus,
    /// Now and then a call fails that need not.
    Flaky,
    /// Once there was an error, every call fails.
    AllDown,
    /// Nobody hears that a call was given up.
    SwallowCancel,
    /// A call that was given up is answered.
    AnswerCancelled,
    /// Calls are answered without asking anybody.
    Forge,
    /// Arguments are changed on the way.
    Tamper,
}

/// A running relay; it ends when dropped.
#[derive(Debug)]
pub struct Relay {
    /// Its endpoint.
    pub url: String,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    to: String,
    sabotage: Sabotage,
    http: reqwest::Client,
    calls: AtomicUsize,
    last: Mutex<Option<Value>>,
    parked: Mutex<Option<(Value, oneshot::Sender<Value>)>>,
    running: Mutex<HashMap<String, oneshot::Sender<()>>>,
}

/// What came back.
struct Answer {
    status: StatusCode,
    kind: String,
    session: Option<String>,
    body: Bytes,
}

impl Relay {
    /// Starts one on a free port, before this endpoint.
    pub async fn before(to: &str, sabotage: Sabotage) -> Self {
        let shared = Arc::new(Shared {
            to: to.to_owned(),
            sabotage,
            http: crate::raw::client(),
            calls: AtomicUsize::new(0),
            last: Mutex::default(),
            parked: Mutex::default(),
            running: Mutex::default(),
        });
        let router = Router::new().fallback(relayed).with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!("http://{}/mcp", listener.local_addr().expect("it is bound"));
        let task = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serving does not fail");
        });
        Self { url, task }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relayed(
    State(shared): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut request = shared.http.request(method.clone(), &shared.to);
    for (name, value) in &headers {
        if *name != header::HOST && *name != header::CONTENT_LENGTH {
            request = request.header(name, value);
        }
    }
    if method != Method::POST {
        return passed(request).await;
    }
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    match message["method"].as_str() {
        Some("tools/call") => shared.call(request, message).await,
        Some("notifications/cancelled") => {
            if let Sabotage::SwallowCancel = shared.sabotage {
                return StatusCode::ACCEPTED.into_response();
            }
            let id = message["params"]["requestId"].to_string();
            if let Some(running) = shared.running.lock().expect("not poisoned").remove(&id) {
                // Who waits may be gone.
                let _ = running.send(());
            }
            answered(request.body(body)).await.into_response()
        }
        _ => answered(request.body(body)).await.into_response(),
    }
}

impl Shared {
    async fn call(&self, request: reqwest::RequestBuilder, mut message: Value) -> Response {
        let n = self.calls.fetch_add(1, Ordering::SeqCst);
        let id = message["id"].clone();
        if self.sabotage == Sabotage::Tamper {
            message["params"]["arguments"]["nonce"] = json!(format!("tampered {n}"));
        }
        if self.sabotage == Sabotage::Forge {
            return plain(&forged(&message));
        }
        let again = request.try_clone().expect("no stream");
        let request = request.body(message.to_string());
        let answer = match self.sabotage {
            Sabotage::SwallowCancel => {
                // Whoever called may go away; the call does not.
                let sent = tokio::spawn(answered(request));
                sent.await.expect("it does not panic")
            }
            Sabotage::AnswerCancelled => {
                let (cancel, cancelled) = oneshot::channel();
                self.running
                    .lock()
                    .expect("not poisoned")
                    .insert(id.to_string(), cancel);
                tokio::select! {
                    answer = answered(request) => answer,
                    Ok(()) = cancelled => return plain(&forged(&message)),
                }
            }
            _ => answered(request).await,
        };
        let told = answer.terminal();
        let failed = told.get("error").is_some();
        match self.sabotage {
            Sabotage::Swap => {
                let theirs = self.swapped(&told).await;
                plain(&with_id(theirs, &id))
            }
            Sabotage::Stale => {
                let last = self
                    .last
                    .lock()
                    .expect("not poisoned")
                    .replace(told.clone());
                plain(&with_id(last.unwrap_or(told), &id))
            }
            Sabotage::OfAnother => plain(&with_said(told, "client", "somebody")),
            Sabotage::ByAnother => plain(&with_said(told, "child", "another")),
            Sabotage::Swallow => std::future::pending().await,
            Sabotage::EndEmpty => stream(&[]),
            Sabotage::Delay(by) => {
                tokio::time::sleep(by).await;
                answer.into_response()
            }
            Sabotage::Twice => stream(&[told.clone(), told]),
            Sabotage::ProgressAfter => {
                let params = json!({ "progressToken": id, "progress": 1 });
                let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
                stream(&[told, progress])
            }
            Sabotage::Stray => stream(&[with_id(told.clone(), &json!(4_711)), told]),
            Sabotage::OtherId => plain(&with_id(told, &json!(4_711))),
            Sabotage::Replay => answered(again.body(message.to_string()))
                .await
                .into_response(),
            Sabotage::ReplayOnError if failed => answered(again.body(message.to_string()))
                .await
                .into_response(),
            Sabotage::Anonymous if failed => plain(&with_error(told, |error| {
                error.as_object_mut().and_then(|error| error.remove("data"));
            })),
            Sabotage::Misnamed if failed => plain(&with_error(told, |error| {
                error["data"]["mcpCompose"]["child"] = json!("another");
            })),
            Sabotage::Unexplained if failed => plain(&with_error(told, |error| {
                error["data"]["mcpCompose"]["reason"] = Value::Null;
            })),
            Sabotage::BareStatus if failed => StatusCode::BAD_GATEWAY.into_response(),
            Sabotage::Flaky if n.is_multiple_of(3) => plain(&failure(&message)),
            Sabotage::AllDown => {
                let mut last = self.last.lock().expect("not poisoned");
                if failed {
                    *last = Some(told);
                }
                match *last {
                    Some(_) => plain(&failure(&message)),
                    None => answer.into_response(),
                }
            }
            _ => answer.into_response(),
        }
    }

    /// The answer of another call that is under way; its own where there is none.
    async fn swapped(&self, told: &Value) -> Value {
        let receiver = {
            let mut parked = self.parked.lock().expect("not poisoned");
            if let Some((theirs, sender)) = parked.take() {
                // The other may have given up.
                let _ = sender.send(told.clone());
                return theirs;
            }
            let (sender, receiver) = oneshot::channel();
            *parked = Some((told.clone(), sender));
            receiver
        };
        match tokio::time::timeout(Duration::from_secs(1), receiver).await {
            Ok(Ok(theirs)) => theirs,
            _ => {
                self.parked.lock().expect("not poisoned").take();
                told.clone()
            }
        }
    }
}

/// Passes on what comes, as it comes.
async fn passed(request: reqwest::RequestBuilder) -> Response {
    let Ok(response) = request.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response
        .bytes_stream()
        .map(|bytes| bytes.map_err(std::io::Error::other));
    let mut response = (status, Body::from_stream(bytes)).into_response();
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, kind.clone());
    }
    response
}

async fn answered(request: reqwest::RequestBuilder) -> Answer {
    let nothing = Answer {
        status: StatusCode::BAD_GATEWAY,
        kind: String::new(),
        session: None,
        body: Bytes::new(),
    };
    let Ok(response) = request.send().await else {
        return nothing;
    };
    let text = |name: &str| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let (kind, session) = (
        text("content-type").unwrap_or_default(),
        text("mcp-session-id"),
    );
    Answer {
        status: response.status(),
        kind,
        session,
        body: response.bytes().await.unwrap_or_default(),
    }
}

impl Answer {
    /// The answer itself, without what may precede it.
    fn terminal(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        let mut events = text.lines().filter_map(|line| line.strip_prefix("data:"));
        let last = events.rfind(|data| !data.trim().is_empty());
        serde_json::from_str(last.unwrap_or(&text)).unwrap_or_default()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        if let Ok(kind) = self.kind.parse() {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if let Some(session) = self.session.and_then(|session| session.parse().ok()) {
            headers.insert("mcp-session-id", session);
        }
        response
    }
}

fn plain(message: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, message.to_string()).into_response()
}

fn stream(messages: &[Value]) -> Response {
    let events = messages
        .iter()
        .map(|message| format!("event: message\ndata: {message}\n\n"));
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, events.collect::<String>()).into_response()
}

fn with_id(mut message: Value, id: &Value) -> Value {
    message["id"] = id.clone();
    message
}

fn with_error(mut message: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut message["error"]);
    message
}

/// A result with a member of what the child said changed.
fn with_said(mut message: Value, member: &str, value: &str) -> Value {
    let text = &mut message["result"]["content"][0]["text"];
    let said: Option<Value> = text
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    if let Some(mut said) = said {
        said[member] = json!(value);
        *text = json!(said.to_string());
    }
    message
}

/// What the child would have answered, had it been asked.
fn forged(call: &Value) -> Value {
    let mut said = call["params"]["arguments"].clone();
    said["child"] = json!(child_of(call));
    said["pid"] = json!(1);
    let content = [json!({ "type": "text", "text": said.to_string() })];
    json!({ "jsonrpc": "2.0", "id": call["id"], "result": { "content": content, "resultType": "complete" } })
}

/// An error that is in good order.
fn failure(call: &Value) -> Value {
    let child = child_of(call);
    let data =
        json!({ "mcpCompose": { "child": child, "reason": "child_exited", "delivered": "no" } });
    let error =
        json!({ "code": -32000, "message": format!("child \"{child}\": it ended"), "data": data });
    json!({ "jsonrpc": "2.0", "id": call["id"], "error": error })
}

fn child_of(call: &Value) -> String {
    let name = call["params"]["name"].as_str().unwrap_or_default();
    name.trim_end_matches("_work").to_owned()
}
