//! The raw client over streamable HTTP.

use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine;
use futures_util::StreamExt;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tokio::task::AbortHandle;

use super::log::Log;

#[derive(Debug)]
pub(super) struct Connection {
    http: reqwest::Client,
    url: String,
    version: String,
    headers: HeaderMap,
    session: Arc<Mutex<Option<String>>>,
    stream: Mutex<Option<AbortHandle>>,
    log: Log,
}

impl Connection {
    pub(super) fn new(url: &str, version: &str, log: Log) -> Self {
        Self {
            http: client(),
            url: url.to_owned(),
            version: version.to_owned(),
            headers: HeaderMap::new(),
            session: Arc::default(),
            stream: Mutex::default(),
            log,
        }
    }

    pub(super) fn set_header(&mut self, name: &str, value: &str) {
        let name: HeaderName = name.parse().expect("a header's name");
        self.headers.insert(
            name,
            HeaderValue::from_str(value).expect("a header's value"),
        );
    }

    /// Opens the stream on which a legacy server pushes, and waits until the server has accepted it.
    pub(super) async fn open_stream(&self) {
        let request = self
            .http
            .get(&self.url)
            .headers(self.headers.clone())
            .header("accept", "text/event-stream");
        let response = self
            .in_session(request)
            .send()
            .await
            .expect("the stream is answered");
        if response.status().is_success() {
            let reading = tokio::spawn(read_events(response, self.log.clone(), None));
            *self.stream.lock().expect("not poisoned") = Some(reading.abort_handle());
        }
    }

    /// Posts a message; what comes back goes to the log.
    pub(super) fn post(&self, id: Option<i64>, method: &str, text: String) -> AbortHandle {
        let request = self.request(method, text);
        let (log, session) = (self.log.clone(), self.session.clone());
        let first = method == "initialize";
        tokio::spawn(async move {
            let outcome = exchange(request, &log, id, first.then_some(&session)).await;
            if let Some(id) = id {
                log.close(id, outcome);
            }
        })
        .abort_handle()
    }

    /// Posts a notification, and waits until it was accepted.
    pub(super) async fn post_and_wait(&self, method: &str, text: String) {
        exchange(self.request(method, text), &self.log, None, None).await;
    }

    /// Stops reading what is pushed, without a word.
    pub(super) fn hang_up(&self) {
        if let Some(stream) = self.stream.lock().expect("not poisoned").take() {
            stream.abort();
        }
    }

    pub(super) async fn close(self) {
        if self.session.lock().expect("not poisoned").is_some() {
            let request = self.in_session(self.http.delete(&self.url));
            // A server may refuse to end sessions.
            let _ = request.send().await;
        }
    }

    fn request(&self, method: &str, text: String) -> RequestBuilder {
        let mut request = self
            .http
            .post(&self.url)
            .headers(self.headers.clone())
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        if self.version.as_str() >= "2026" {
            request = request
                .header("mcp-protocol-version", &self.version)
                .header("mcp-method", method);
            if let Some(name) = name_of(method, &text) {
                request = request.header("mcp-name", name);
            }
        } else if method != "initialize" {
            request = self.in_session(request);
        }
        request.body(text)
    }

    fn in_session(&self, request: RequestBuilder) -> RequestBuilder {
        let session = self.session.lock().expect("not poisoned").clone();
        // Revisions before 2025-06-18 did not have the header.
        let request = match self.version.as_str() >= "2025-06-18" {
            true => request.header("mcp-protocol-version", &self.version),
            false => request,
        };
        match session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        }
    }
}

/// The value of `Mcp-Name` that a request has to carry.
fn name_of(method: &str, text: &str) -> Option<String> {
    let member = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return None,
    };
    let message: Value = serde_json::from_str(text).ok()?;
    let name = message["params"][member].as_str()?;
    let plain = name.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && name.trim() == name
        && !name.starts_with("=?");
    Some(match plain {
        true => name.to_owned(),
        false => format!(
            "=?base64?{}?=",
            base64::engine::general_purpose::STANDARD.encode(name)
        ),
    })
}

/// Sends a request and logs what it brings; answers with why nothing more comes.
async fn exchange(
    request: RequestBuilder,
    log: &Log,
    id: Option<i64>,
    session: Option<&Arc<Mutex<Option<String>>>>,
) -> String {
    let response = match request.send().await {
        Ok(response) => response,
        Err(problem) => return format!("{problem:?}"),
    };
    if let (Some(session), Some(id)) = (session, response.headers().get("mcp-session-id")) {
        *session.lock().expect("not poisoned") = id.to_str().ok().map(str::to_owned);
    }
    let status = response.status();
    let kind = response
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if kind.starts_with("text/event-stream") {
        read_events(response, log.clone(), id).await;
        return "the stream ended".to_owned();
    }
    let text = response.text().await.unwrap_or_default();
    if serde_json::from_str::<Value>(&text).is_ok_and(|message| message["jsonrpc"] == "2.0") {
        log.push(text, id);
        return format!("HTTP {status}");
    }
    format!("HTTP {status}: {text}")
}

async fn read_events(response: Response, log: Log, on: Option<i64>) {
    let mut bytes = response.bytes_stream();
    let mut pending = Vec::new();
    while let Some(Ok(chunk)) = bytes.next().await {
        // What was searched before is not searched again: events can be very long.
        let mut searched = pending.len().saturating_sub(3);
        pending.extend_from_slice(&chunk);
        while let Some((event, rest)) = split_event(&pending, searched) {
            searched = 0;
            let data: Vec<&str> = event
                .lines()
                .filter_map(|line| line.strip_prefix("data:"))
                .map(|data| data.strip_prefix(' ').unwrap_or(data))
                .collect();
            if data.iter().any(|data| !data.is_empty()) {
                log.push(data.join("\n"), on);
            }
            pending.drain(..rest);
        }
    }
}

/// The first whole event, and where the next one starts. Nothing before `from` ends an event.
fn split_event(bytes: &[u8], from: usize) -> Option<(String, usize)> {
    let (at, gap) = [(b"\n\n".as_slice(), 2), (b"\r\n\r\n".as_slice(), 4)]
        .into_iter()
        .filter_map(|(gap, length)| {
            bytes[from..]
                .windows(length)
                .position(|window| window == gap)
                .map(|at| (from + at, length))
        })
        .min()?;
    Some((String::from_utf8_lossy(&bytes[..at]).into_owned(), at + gap))
}

/// The body that is at a URL.
pub async fn get(url: &str) -> String {
    let answer = client().get(url).send().await;
    let body = answer.expect("an answer").text().await;
    body.expect("text")
}

/// A plain HTTP client; the tests use no TLS, but the library wants a provider chosen.
pub(crate) fn client() -> reqwest::Client {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        // Another thread's provider is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client without TLS settings")
}
