//! A scripted child on streamable HTTP, inside the test's own process.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Child;
use crate::script::{Era, Script};

/// How a scripted HTTP child behaves.
#[derive(Clone, Debug, Default)]
pub struct HttpScript {
    /// What it says.
    pub script: Script,
    /// The value of `Authorization` that every request must have; 401 otherwise.
    pub authorization: Option<String>,
}

/// A running HTTP child; it ends when dropped.
#[derive(Debug)]
pub struct HttpChild {
    /// Its endpoint.
    pub url: String,
    served: Arc<Served>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Served {
    child: Child,
    authorization: Option<String>,
    sessions: Mutex<Vec<String>>,
    next_session: AtomicU64,
    headers: Mutex<Vec<Vec<(String, String)>>>,
    status: AtomicU16,
    instead: Mutex<Option<Instead>>,
}

/// What is answered in place of what the script says.
#[derive(Clone)]
struct Instead(Arc<dyn Fn(&HeaderMap, &Value) -> Option<Response> + Send + Sync>);

impl std::fmt::Debug for Instead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Instead")
    }
}

impl HttpChild {
    /// Starts it on a free port.
    pub async fn start(how: HttpScript) -> Self {
        let served = Arc::new(Served {
            child: Child::new(how.script),
            authorization: how.authorization,
            sessions: Mutex::default(),
            next_session: AtomicU64::new(1),
            headers: Mutex::default(),
            status: AtomicU16::new(0),
            instead: Mutex::default(),
        });
        let router = Router::new()
            .route("/mcp", post(posted).get(streamed).delete(deleted))
            .with_state(served.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!(
            "http://{}/mcp",
            listener.local_addr().expect("a bound address")
        );
        let task = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serving does not fail");
        });
        Self { url, served, task }
    }

    /// The headers of each request so far, names in lower case.
    pub fn headers(&self) -> Vec<Vec<(String, String)>> {
        self.served.headers.lock().expect("not poisoned").clone()
    }

    /// Answers every request with this status from now on; 0 to serve again.
    pub fn fail_with(&self, status: u16) {
        self.served.status.store(status, Ordering::SeqCst);
    }

    /// From now on answers with what `answer` makes of the headers and the message (`null` for requests without one), and
    /// serves where it makes nothing of them.
    pub fn answer_with(
        &self,
        answer: impl Fn(&HeaderMap, &Value) -> Option<Response> + Send + Sync + 'static,
    ) {
        *self.served.instead.lock().expect("not poisoned") = Some(Instead(Arc::new(answer)));
    }

    /// Forgets all sessions, as a child does that was restarted.
    pub fn forget_sessions(&self) {
        self.served.sessions.lock().expect("not poisoned").clear();
    }

    /// Waits for the answer to the child's last question.
    pub async fn answer(&self) -> Value {
        self.served.child.last_answer().await
    }

    /// Waits until something of this name arrived.
    pub async fn heard(&self, method: &str) {
        self.served.child.heard(method).await;
    }

    /// How many sessions were opened.
    pub fn sessions_opened(&self) -> u64 {
        self.served.next_session.load(Ordering::SeqCst) - 1
    }
}

impl Drop for HttpChild {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Served {
    fn instead(&self, headers: &HeaderMap, message: &Value) -> Option<Response> {
        let instead = self.instead.lock().expect("not poisoned").clone();
        instead.and_then(|instead| instead.0(headers, message))
    }

    fn refuses(&self, headers: &HeaderMap) -> Option<StatusCode> {
        let noted = headers.iter().map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        self.headers
            .lock()
            .expect("not poisoned")
            .push(noted.collect());
        if let Ok(status) = StatusCode::from_u16(self.status.load(Ordering::SeqCst)) {
            return Some(status);
        }
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let refused = self.authorization.is_some() && self.authorization.as_deref() != given;
        refused.then_some(StatusCode::UNAUTHORIZED)
    }

    fn in_session(&self, headers: &HeaderMap) -> bool {
        let session = headers
            .get("mcp-session-id")
            .and_then(|value| value.to_str().ok());
        session.is_some_and(|session| {
            self.sessions
                .lock()
                .expect("not poisoned")
                .iter()
                .any(|known| known == session)
        })
    }
}

async fn posted(State(served): State<Arc<Served>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(status) = served.refuses(&headers) {
        return status.into_response();
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    let message: Value = serde_json::from_str(&text).unwrap_or_default();
    if let Some(answer) = served.instead(&headers, &message) {
        return answer;
    }
    let first = message["method"] == "initialize";
    let legacy = served.child.script().era == Era::Legacy;
    if legacy && !first && message["method"] != "server/discover" && !served.in_session(&headers) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (out, mut messages) = mpsc::unbounded_channel();
    let asks = message.get("method").is_some();
    let Some(id) = message.get("id").filter(|_| asks).cloned() else {
        served.child.handle(&text, &out).await;
        return StatusCode::ACCEPTED.into_response();
    };
    let gone = CancelledWhenDropped {
        child: (!legacy).then(|| served.child.clone()),
        id,
    };
    let child = served.child.clone();
    tokio::spawn(async move { child.handle(&text, &out).await });
    let Some(answer) = messages.recv().await else {
        return std::future::pending().await;
    };
    let mut response = if is_response(&answer) {
        ([(header::CONTENT_TYPE, "application/json")], answer).into_response()
    } else {
        let rest = futures_util::stream::unfold(
            (messages, gone, false),
            |(mut messages, gone, done)| async move {
                if done {
                    return None;
                }
                let message = messages.recv().await?;
                let done = is_response(&message);
                Some((message, (messages, gone, done)))
            },
        );
        events(futures_util::stream::once(async { answer }).chain(rest))
    };
    if first && legacy {
        let session = format!(
            "session-{}",
            served.next_session.fetch_add(1, Ordering::SeqCst)
        );
        response
            .headers_mut()
            .insert("mcp-session-id", session.parse().expect("plain text"));
        served.sessions.lock().expect("not poisoned").push(session);
    }
    response
}

async fn streamed(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    if let Some(status) = served.refuses(&headers) {
        return status.into_response();
    }
    if let Some(answer) = served.instead(&headers, &Value::Null) {
        return answer;
    }
    if served.child.script().era == Era::Modern {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if !served.in_session(&headers) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (out, messages) = mpsc::unbounded_channel();
    served.child.push_to(out);
    events(futures_util::stream::unfold(
        messages,
        |mut messages| async move { messages.recv().await.map(|message| (message, messages)) },
    ))
}

async fn deleted(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let gone = headers
        .get("mcp-session-id")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    served
        .sessions
        .lock()
        .expect("not poisoned")
        .retain(|known| known != gone);
    served
        .child
        .record(Some("http DELETE"), &json!({ "session": gone }).to_string());
    StatusCode::OK.into_response()
}

fn events(messages: impl futures_util::Stream<Item = String> + Send + 'static) -> Response {
    let body =
        messages.map(|message| Ok::<_, Infallible>(format!("event: message\ndata: {message}\n\n")));
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(body),
    )
        .into_response()
}

fn is_response(text: &str) -> bool {
    let message: Value = serde_json::from_str(text).unwrap_or_default();
    message.get("method").is_none() && message.get("id").is_some()
}

/// In the modern era a client that goes away cancels.
struct CancelledWhenDropped {
    child: Option<Child>,
    id: Value,
}

impl Drop for CancelledWhenDropped {
    fn drop(&mut self) {
        if let Some(child) = &self.child {
            child.cancel(&self.id);
        }
    }
}
