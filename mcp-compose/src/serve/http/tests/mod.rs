//! The front against a gateway that does as it is told.

mod bounds;
mod legacy;
mod listen;
mod modern;
mod questions;
mod resume;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;

use super::*;
use crate::gateway::client::{Outlet, Principal};
use crate::serve::health::Health;
use crate::wire::message::code;
use crate::wire::peer::{Failure, Lost, Peer, RequestRoute, lock};
use crate::wire::version::{META_VERSION, MODERN, negotiate_legacy};
use crate::wire::{self, ErrorObject, Message, Notification, Object, Raw, scan};

pub(super) struct FakeClient {
    version: OnceLock<&'static str>,
    pub(super) push: Option<Arc<dyn Outlet>>,
    pub(super) principal: Principal,
    peer: OnceLock<Weak<Peer>>,
}

/// A gateway whose methods are scripted by name.
#[derive(Default)]
pub(super) struct Fake {
    /// Lets `wait` and `note_and_wait` end, one for each permit.
    pub(super) gate: Gate,
    /// One permit for each request that has begun to wait.
    pub(super) waiting: Gate,
    /// One permit for each request that was dropped while it waited.
    pub(super) dropped: Gate,
    whole: Arc<()>,
    part: Arc<()>,
    pub(super) served: AtomicUsize,
    pub(super) notified: Mutex<Vec<String>>,
    pub(super) clients: Mutex<Vec<Arc<FakeClient>>>,
    pub(super) disconnected: AtomicUsize,
    pub(super) draining: CancellationToken,
    pub(super) stopping: CancellationToken,
}

pub(super) struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Gate {
    pub(super) async fn pass(&self) {
        self.0.acquire().await.unwrap().forget();
    }

    pub(super) fn open(&self) {
        self.0.add_permits(1);
    }
}

/// Notifications of the method `trickle`.
pub(super) const TRICKLE: usize = 20;

struct WhileWaiting<'a>(&'a Gate);

impl Drop for WhileWaiting<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

impl Fake {
    async fn wait(&self, cancelled: &CancellationToken) -> Result<Raw, ErrorObject> {
        self.waiting.open();
        let guard = WhileWaiting(&self.dropped);
        let outcome = tokio::select! {
            () = self.gate.pass() => Ok(Raw::from_static("{\"waited\":true}")),
            () = cancelled.cancelled() => Err(ErrorObject::new(-1, "cancelled")),
        };
        std::mem::forget(guard);
        outcome
    }
}

impl FakeClient {
    pub(super) fn peer(&self) -> Option<Arc<Peer>> {
        self.peer.get()?.upgrade()
    }
}

fn unanswered(failure: Failure) -> ErrorObject {
    match failure {
        Failure::Error(error) => error,
        Failure::Lost(Lost { reason, .. }) => ErrorObject::new(-2, &reason),
        Failure::Overloaded => ErrorObject::new(-3, "overloaded"),
    }
}

pub(super) fn note(text: &str) -> Message {
    let params = Raw::from_json(format!("{{\"note\":{}}}", wire::json::quote(text)));
    Message::Notification(Notification::new("notifications/note", Some(params)))
}

impl Backend for Fake {
    type Client = FakeClient;
    type View = ();

    fn view(&self, name: Option<&str>) -> Option<Arc<()>> {
        match name {
            None => Some(Arc::clone(&self.whole)),
            Some("part") => Some(Arc::clone(&self.part)),
            Some(_) => None,
        }
    }

    fn connect(
        &self,
        _view: &Arc<()>,
        push: Arc<dyn Outlet>,
        principal: Principal,
    ) -> Arc<FakeClient> {
        let client = Arc::new(FakeClient {
            version: OnceLock::new(),
            push: Some(push),
            principal,
            peer: OnceLock::new(),
        });
        lock(&self.clients).push(Arc::clone(&client));
        client
    }

    async fn health(&self, _probe: Probe) -> Health {
        Health {
            well: !self.draining().is_cancelled(),
            word: "well",
        }
    }

    fn disconnect(&self, _client: &Arc<FakeClient>) {
        self.disconnected.fetch_add(1, Ordering::SeqCst);
    }

    fn bind(client: &FakeClient, peer: &Arc<Peer>) {
        assert!(client.peer.set(Arc::downgrade(peer)).is_ok());
    }

    fn stateless(&self, _view: &Arc<()>, principal: Principal) -> Arc<FakeClient> {
        Arc::new(FakeClient {
            version: OnceLock::new(),
            push: None,
            principal,
            peer: OnceLock::new(),
        })
    }

    async fn serve(
        self: &Arc<Self>,
        client: &Arc<FakeClient>,
        request: wire::Request,
        outlet: Arc<dyn Outlet>,
        cancelled: CancellationToken,
    ) -> Result<Raw, ErrorObject> {
        self.served.fetch_add(1, Ordering::SeqCst);
        scan::check(request.params(), scan::MAX_NODES)
            .map_err(|error| ErrorObject::new(code::INVALID_REQUEST, &error.to_string()))?;
        let params = Object::parse(request.params()).unwrap();
        if client.push.is_none() {
            let meta = params.get("_meta").map(|meta| Object::parse(meta).unwrap());
            match meta.as_ref().and_then(|meta| meta.string(META_VERSION)) {
                None => unreachable!("the front looks for the version"),
                Some(version) if version != MODERN => {
                    return Err(ErrorObject::new(code::UNSUPPORTED_VERSION, &version));
                }
                Some(_) => {}
            }
        }
        match &*request.method {
            "initialize" => {
                let Some(version) = params.string("protocolVersion") else {
                    return Err(ErrorObject::new(code::INVALID_PARAMS, "no version"));
                };
                let version = negotiate_legacy(&version);
                client.version.set(version).unwrap();
                Ok(Raw::from_json(format!(
                    "{{\"protocolVersion\":\"{version}\"}}"
                )))
            }
            "echo" | "tools/call" | "tools/list" | "resources/read" => {
                Ok(request.params.unwrap_or(Raw::from_static("{}")))
            }
            "notes" => {
                for text in ["one", "two", "three"] {
                    outlet.send(note(text)).unwrap();
                }
                Ok(Raw::from_static("{}"))
            }
            "trickle" => {
                for n in 0..TRICKLE {
                    outlet.send(note(&format!("drop {n}."))).unwrap();
                    tokio::task::yield_now().await;
                }
                Ok(Raw::from_static("{}"))
            }
            "wait" => self.wait(&cancelled).await,
            "headers" => {
                let http = outlet.http().expect("a request over HTTP");
                Ok(Raw::of(&format!("{:?}", http.headers)))
            }
            "ask" => {
                let Some(peer) = client.peer() else {
                    return Err(ErrorObject::new(-2, "nobody to ask"));
                };
                let asked = peer.request_on(&outlet, "roots/list", |_| request.params);
                tokio::select! {
                    answer = asked.outcome() => answer.map_err(unanswered),
                    () = cancelled.cancelled() => Err(ErrorObject::new(-1, "cancelled")),
                }
            }
            "principal" => Ok(Raw::from_json(format!(
                "{{\"principal\":\"{}\"}}",
                client.principal.as_str()
            ))),
            "ask_of_no_call" => {
                let peer = client.peer().expect("a session");
                let asked = peer.request("roots/list", |_| request.params, RequestRoute::default());
                asked.outcome().await.map_err(unanswered)
            }
            "ask_as_if_legacy" => {
                let question = wire::Request {
                    id: wire::Id::number(1),
                    method: "roots/list".into(),
                    params: None,
                };
                match outlet.send(Message::Request(question)) {
                    Ok(()) => Ok(Raw::from_static("{}")),
                    Err(error) => Err(ErrorObject::new(-2, &format!("{error:?}"))),
                }
            }
            "note_and_wait" => {
                outlet.send(note("before")).unwrap();
                let outcome = self.wait(&cancelled).await;
                outlet.send(note("after")).unwrap();
                outcome
            }
            "subscriptions/listen" => {
                outlet.send(note("acknowledged")).unwrap();
                self.wait(&cancelled).await
            }
            "bad_params" => Err(ErrorObject::new(code::INVALID_PARAMS, "bad")),
            "no_capability" => Err(ErrorObject::new(code::MISSING_CAPABILITY, "sampling")),
            _ => Err(ErrorObject::new(code::METHOD_NOT_FOUND, "no such method")),
        }
    }

    fn notified(&self, _client: &Arc<FakeClient>, notification: Notification) {
        lock(&self.notified).push(notification.method.to_string());
    }

    fn verify_params(
        _view: &(),
        tool: &str,
        _arguments: &str,
        headers: &http::HeaderMap,
    ) -> Result<(), String> {
        match tool {
            "with_header" if !headers.contains_key("mcp-param-x") => {
                Err("`Mcp-Param-X` is missing".into())
            }
            _ => Ok(()),
        }
    }

    fn legacy_version(client: &FakeClient) -> Option<&'static str> {
        client.version.get().copied()
    }

    fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}

pub(super) type Headers<'a> = &'a [(&'a str, &'a str)];

pub(super) fn front() -> (Arc<Front<Fake>>, Arc<Fake>) {
    with_options(HttpOptions::default())
}

pub(super) fn with_options(options: HttpOptions) -> (Arc<Front<Fake>>, Arc<Fake>) {
    let fake = Arc::new(Fake::default());
    (Front::new(Arc::clone(&fake), options), fake)
}

pub(super) fn build(method: &str, headers: Headers<'_>, body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri("/mcp");
    let mut defaults = vec![("host", "127.0.0.1:1")];
    if method == "POST" {
        defaults.push(("content-type", "application/json"));
        defaults.push(("accept", "application/json, text/event-stream"));
    } else {
        defaults.push(("accept", "text/event-stream"));
    }
    defaults.retain(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    for (name, value) in defaults.iter().chain(headers).filter(|(_, v)| *v != "-") {
        request = request.header(*name, *value);
    }
    request.body(Full::from(body.to_owned())).unwrap()
}

/// What came back, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The code of the JSON-RPC error.
    pub(super) fn code(&self) -> i64 {
        let body: serde_json::Value = serde_json::from_str(&self.text).unwrap();
        body["error"]["code"].as_i64().expect(&self.text)
    }
}

impl Front<Fake> {
    pub(super) async fn post_text(self: &Arc<Self>, headers: Headers<'_>, body: &str) -> Answer {
        read(self.handle(build("POST", headers, body)).await).await
    }

    /// Opens a session of `version` and returns its id.
    pub(super) async fn begin(self: &Arc<Self>, version: &str) -> String {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{version}"}}}}"#
        );
        let answer = self.post_text(&[], &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("mcp-session-id").to_owned()
    }
}

pub(super) async fn read(response: Response<Body>) -> Answer {
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// The next bytes of a stream.
pub(super) async fn next(response: &mut Response<Body>) -> String {
    let frame = response.body_mut().frame().await.expect("more").unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

pub(super) fn call(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{{}}}}"#)
}
