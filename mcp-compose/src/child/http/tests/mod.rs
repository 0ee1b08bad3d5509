//! The HTTP child against a small scripted server.

mod failures;
mod hostile;
mod legacy;
mod limits;
mod modern;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use url::Url;

use super::{HttpConfig, open};
use crate::wire::peer::{Call, Event, Failure, Handler, Lost, Peer, RequestRoute};
use crate::wire::version::Era;
use crate::wire::{Notification, Raw, Request};

/// A request that the server got.
#[derive(Debug, Clone)]
struct Seen {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    /// The JSON-RPC method; the HTTP method where there is no body.
    fn what(&self) -> String {
        match self.json()["method"].as_str() {
            Some(method) => method.to_owned(),
            None if self.body.is_empty() => self.method.to_string(),
            None => "response".to_owned(),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    fn id(&self) -> serde_json::Value {
        self.json()["id"].clone()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The response to this request.
    fn reply(&self, result: &str) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#,
            self.id()
        )
    }
}

struct Server {
    url: Url,
    seen: mpsc::UnboundedReceiver<Seen>,
    connections: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server whose every answer `script` gives.
    async fn start<Fut>(script: impl Fn(Seen) -> Fut + Clone + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = Response> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let listener = listener.tap_io(move |stream| {
            stream.set_nodelay(true).unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let (sender, seen) = mpsc::unbounded_channel();
        let handler = move |request: axum::extract::Request| {
            let (script, sender) = (script.clone(), sender.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let seen = Seen {
                    method: head.method,
                    uri: head.uri,
                    headers: head.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                };
                let _ = sender.send(seen.clone());
                script(seen).await
            }
        };
        let router = axum::Router::new().fallback(handler);
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url: Url::parse(&url).unwrap(),
            seen,
            connections,
            task: task.abort_handle(),
        }
    }

    fn config(&self) -> HttpConfig {
        HttpConfig::new(self.url.clone())
    }

    async fn next(&mut self) -> Seen {
        soon(self.seen.recv()).await.unwrap()
    }

    /// The next request of this kind; what comes before it is passed over.
    async fn next_of(&mut self, what: &str) -> Seen {
        loop {
            let seen = self.next().await;
            if seen.what() == what {
                return seen;
            }
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Bounds a wait that must end, so that a hang is a failed test.
async fn soon<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("what was awaited did not happen")
}

fn json(text: impl Into<String>) -> Response {
    let text: String = text.into();
    ([("content-type", "application/json")], text).into_response()
}

fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}

/// A whole event stream.
fn events(text: impl Into<String>) -> Response {
    let text: String = text.into();
    ([("content-type", "text/event-stream; charset=utf-8")], text).into_response()
}

/// An event stream that stays open behind these texts.
fn open_events<const N: usize>(texts: [String; N]) -> Response {
    watched(Vec::from(texts), mpsc::unbounded_channel().0)
}

fn event(data: &str) -> String {
    format!("event: message\ndata: {data}\n\n")
}

/// The `n`th progress notification of a call whose token is its id.
fn progress(call: &Seen, n: u32) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":{n}}}}}"#,
        call.id()
    )
}

/// Answers as a legacy server with a session does, except for calls and streams.
fn legacy(seen: &Seen) -> Response {
    match seen.what().as_str() {
        "initialize" => {
            let mut response = json(seen.reply(r#"{"protocolVersion":"2025-11-25"}"#));
            let session = HeaderValue::from_static("session-1");
            response.headers_mut().insert("mcp-session-id", session);
            response
        }
        "GET" => status(405),
        "DELETE" => status(204),
        what if what.starts_with("notifications/") || what == "response" => status(202),
        _ => json(seen.reply("{}")),
    }
}

/// What the peer's handler was told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Request(String, Option<u64>),
    Notification(String),
    Closed(String),
}

struct Ear(mpsc::UnboundedSender<Told>);

impl Handler for Ear {
    fn request(&self, peer: &Arc<Peer>, request: Request, origin: Option<u64>) {
        let told = Told::Request(request.method.to_string(), origin);
        let _ = self.0.send(told);
        peer.respond(request.id, Ok(Raw::from_static("{}")));
    }

    fn notification(&self, _: &Arc<Peer>, notification: Notification) {
        let _ = self
            .0
            .send(Told::Notification(notification.method.to_string()));
    }

    fn closed(&self, reason: &str) {
        let _ = self.0.send(Told::Closed(reason.to_owned()));
    }
}

struct Child {
    peer: Arc<Peer>,
    told: mpsc::UnboundedReceiver<Told>,
}

impl Child {
    fn open(config: HttpConfig) -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        let peer = open(config, Arc::new(Ear(sender)));
        Self { peer, told }
    }

    /// A child after the legacy handshake.
    async fn legacy(config: HttpConfig) -> Self {
        let child = Self::open(config);
        child.call("initialize", "{}").await.unwrap();
        child.peer.link().established(Era::Legacy, "2025-11-25");
        child
            .peer
            .notify(Notification::new("notifications/initialized", None));
        child
    }

    fn modern(config: HttpConfig) -> Self {
        let child = Self::open(config);
        child.peer.link().established(Era::Modern, "2026-07-28");
        child
    }

    fn start(&self, method: &str, params: &str) -> Call {
        let params = Raw::from_json(params.to_owned());
        self.peer
            .request(method, |_| Some(params), RequestRoute::default())
    }

    async fn call(&self, method: &str, params: &str) -> Result<String, Failure> {
        let outcome = soon(self.start(method, params).outcome()).await;
        outcome.map(|raw| raw.as_str().to_owned())
    }

    async fn told(&mut self) -> Told {
        soon(self.told.recv()).await.unwrap()
    }
}

/// The next event, shortly.
async fn next(call: &mut Call) -> Event {
    soon(call.next()).await
}

/// Tells that it was dropped.
struct OnDrop(mpsc::UnboundedSender<()>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A stream of these texts that stays open; the receiver hears when the client leaves it.
fn watched(texts: Vec<String>, sender: mpsc::UnboundedSender<()>) -> Response {
    let guard = OnDrop(sender);
    let texts = futures_util::stream::iter(texts).chain(futures_util::stream::pending());
    let body = Body::from_stream(texts.map(move |text| {
        let _ = &guard;
        Ok::<_, std::convert::Infallible>(text)
    }));
    ([("content-type", "text/event-stream")], body).into_response()
}

fn route(name: &'static str, value: &'static str) -> RequestRoute {
    let header = HeaderName::from_static(name);
    RequestRoute {
        headers: vec![(header, HeaderValue::from_static(value))],
        caller: None,
        origin: None,
    }
}

type Log = Arc<Mutex<Vec<String>>>;
