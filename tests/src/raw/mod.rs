//! A client that sends what it is told and keeps every byte that comes back.

mod http;
mod log;
mod questions;
mod stdio;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

pub(crate) use self::http::client;
pub use self::http::get;
use self::log::Log;
pub use self::log::{Call, Message};
pub use self::questions::{Asking, Question, Turn, accepted, rooted, sampled};
use crate::aggregator::{Aggregator, StdioCommand};
use crate::patiently;
use crate::process::Process;

/// The newest legacy revision.
pub const LEGACY: &str = "2025-11-25";
/// The first modern revision.
pub const MODERN: &str = "2026-07-28";

/// A connected raw client.
#[derive(Debug)]
pub struct Raw {
    version: String,
    wire: Wire,
    log: Log,
    next_id: AtomicI64,
    /// What the server said about itself when the connection was made.
    pub welcome: Value,
    /// The capabilities that a modern client declares with each request.
    capabilities: Value,
    /// The ids of the questions that were taken up so far.
    taken: Mutex<HashSet<String>>,
}

#[derive(Debug)]
enum Wire {
    Stdio(stdio::Pipe),
    Http(http::Connection),
}

impl Raw {
    /// Connects to an aggregator over HTTP with this protocol version.
    pub async fn http(aggregator: &Aggregator, version: &str) -> Self {
        Self::url(&aggregator.url, version, json!({})).await
    }

    /// Connects to an endpoint, declaring `capabilities`.
    pub async fn url(url: &str, version: &str, capabilities: Value) -> Self {
        Self::with_headers(url, version, capabilities, &[]).await
    }

    /// Connects to an endpoint as somebody: with headers that every request carries, the first one included.
    pub async fn with_headers(
        url: &str,
        version: &str,
        capabilities: Value,
        headers: &[(&str, &str)],
    ) -> Self {
        let log = Log::default();
        let mut connection = http::Connection::new(url, version, log.clone());
        for (name, value) in headers {
            connection.set_header(name, value);
        }
        Self::greet(Wire::Http(connection), version, capabilities, log).await
    }

    /// Starts an aggregator on stdio and connects to it with this protocol version.
    pub async fn stdio(command: &StdioCommand, version: &str) -> Self {
        Self::process(command.start(), version).await
    }

    /// Connects to a running process over its pipes.
    pub async fn process(process: Process, version: &str) -> Self {
        Self::process_with(process, version, json!({})).await
    }

    /// Connects to a running process over its pipes, declaring `capabilities`.
    pub async fn process_with(process: Process, version: &str, capabilities: Value) -> Self {
        let log = Log::default();
        let pipe = stdio::Pipe::new(process, log.clone());
        Self::greet(Wire::Stdio(pipe), version, capabilities, log).await
    }

    async fn greet(wire: Wire, version: &str, capabilities: Value, log: Log) -> Self {
        let mut raw = Self {
            version: version.to_owned(),
            wire,
            log,
            next_id: AtomicI64::new(1),
            welcome: Value::Null,
            capabilities: capabilities.clone(),
            taken: Mutex::default(),
        };
        if raw.modern() {
            raw.welcome = raw.request("server/discover", json!({})).await;
        } else {
            let client = json!({ "name": "raw", "version": "1" });
            let hello = json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": client });
            raw.welcome = raw.request("initialize", hello).await;
            if let Wire::Http(connection) = &raw.wire {
                connection.open_stream().await;
            }
            raw.notify("notifications/initialized", json!({})).await;
        }
        raw
    }

    /// Whether the connection is stateless.
    pub fn modern(&self) -> bool {
        self.version.as_str() >= "2026"
    }

    /// The process on the other end of the pipes.
    ///
    /// # Panics
    /// On HTTP.
    pub fn server(&mut self) -> &mut Process {
        match &mut self.wire {
            Wire::Stdio(pipe) => pipe.process(),
            Wire::Http(_) => panic!("the server of an HTTP connection is not ours"),
        }
    }

    /// Declares other capabilities with all later requests of a modern client.
    #[must_use]
    pub fn declaring(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Adds a header to all later requests. A legacy session belongs to whoever began it: see `with_headers`.
    pub fn set_header(&mut self, name: &str, value: &str) {
        if let Wire::Http(connection) = &mut self.wire {
            connection.set_header(name, value);
        }
    }

    /// Sends a request and answers with its result.
    ///
    /// # Panics
    /// When the answer is an error.
    pub async fn request(&self, method: &str, params: Value) -> Value {
        let answer = self.try_request(method, params).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sends a request and answers with its result, or with the error object.
    pub async fn try_request(&self, method: &str, params: Value) -> Result<Value, Value> {
        let answer = self.start(method, params).await.answer().await.value;
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    /// Calls a tool and answers with the result.
    pub async fn call(&self, name: &str, arguments: Value) -> Value {
        self.request(
            "tools/call",
            json!({ "name": name, "arguments": arguments }),
        )
        .await
    }

    /// Sends a request without waiting for the answer.
    pub async fn start(&self, method: &str, params: Value) -> Call {
        self.start_text(method, &self.stamped(params).to_string())
            .await
    }

    /// Sends a request whose parameters are exactly this text.
    pub async fn start_text(&self, method: &str, params: &str) -> Call {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let text =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#);
        let abort = match &self.wire {
            Wire::Stdio(pipe) => {
                pipe.send(&text).await;
                None
            }
            Wire::Http(connection) => Some(connection.post(Some(id), method, text)),
        };
        Call {
            id,
            log: self.log.clone(),
            abort,
        }
    }

    /// Sends a notification.
    pub async fn notify(&self, method: &str, params: Value) {
        let params = self.stamped(params);
        let text = json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string();
        match &self.wire {
            Wire::Stdio(pipe) => pipe.send(&text).await,
            Wire::Http(connection) => connection.post_and_wait(method, text).await,
        }
    }

    /// Sends any text as one message, without waiting.
    pub async fn send_text(&self, text: &str) {
        match &self.wire {
            Wire::Stdio(pipe) => pipe.send(text).await,
            Wire::Http(connection) => {
                connection.post(None, "raw", text.to_owned());
            }
        }
    }

    /// Answers a question of the server's, and waits until the answer was taken.
    pub async fn reply(&self, question: &Message, result: Value) {
        let answer =
            json!({ "jsonrpc": "2.0", "id": question.value["id"], "result": result }).to_string();
        match &self.wire {
            Wire::Stdio(pipe) => pipe.send(&answer).await,
            Wire::Http(connection) => connection.post_and_wait("answer", answer).await,
        }
    }

    /// Is gone without a word, in the middle of these calls.
    pub fn vanish(self, calls: &[Call]) {
        for call in calls {
            if let Some(post) = &call.abort {
                post.abort();
            }
        }
        if let Wire::Http(connection) = &self.wire {
            connection.hang_up();
        }
    }

    /// Cancels a running call as its transport and era want it.
    pub async fn cancel(&self, call: &Call) {
        match (&call.abort, self.modern()) {
            (Some(post), true) => {
                post.abort();
                self.log.close(call.id, "cancelled by the test".to_owned());
            }
            _ => {
                let params = json!({ "requestId": call.id, "reason": "the test wants it" });
                self.notify("notifications/cancelled", params).await;
            }
        }
    }

    /// Listens for changes and updates, in the way of the era; the answer must be kept as long as that is wanted.
    pub async fn listen(&self, filter: Value) -> Option<Call> {
        if !self.modern() {
            return None;
        }
        let listening = self
            .start("subscriptions/listen", json!({ "notifications": filter }))
            .await;
        self.notification("notifications/subscriptions/acknowledged", |_| true)
            .await;
        Some(listening)
    }

    /// All entries of a list, over all of its pages.
    pub async fn list(&self, kind: &str) -> Vec<Value> {
        let (method, key) = match kind {
            "templates" => ("resources/templates/list", "resourceTemplates"),
            "tools" => ("tools/list", "tools"),
            "resources" => ("resources/list", "resources"),
            "prompts" => ("prompts/list", "prompts"),
            other => panic!("no list of {other}"),
        };
        let mut entries = Vec::new();
        let mut params = json!({});
        loop {
            let mut page = self.request(method, params).await;
            let Value::Array(more) = page[key].take() else {
                panic!("{method} without {key}: {page}")
            };
            entries.extend(more);
            match page.get("nextCursor") {
                Some(Value::String(cursor)) => params = json!({ "cursor": cursor }),
                _ => return entries,
            }
        }
    }

    /// The names (or URIs) of all entries of a list.
    pub async fn names(&self, kind: &str) -> Vec<String> {
        let key = match kind {
            "templates" => "uriTemplate",
            "resources" => "uri",
            _ => "name",
        };
        let entries = self.list(kind).await;
        entries
            .iter()
            .map(|entry| entry[key].as_str().expect("a string").to_owned())
            .collect()
    }

    /// Waits until a tool is listed: children that start slowly come late.
    pub async fn listed(&self, tool: &str) {
        self.listed_among("tools", tool).await;
    }

    /// Waits until something of this kind is listed.
    pub async fn listed_among(&self, kind: &str, wanted: &str) {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(200));
        patiently(&format!("{wanted} to be listed"), async {
            while !self.names(kind).await.iter().any(|name| name == wanted) {
                look.tick().await;
            }
        })
        .await;
    }

    /// Waits for a notification of this method that `wanted` accepts.
    pub async fn notification(&self, method: &str, wanted: impl Fn(&Value) -> bool) -> Message {
        let found = self.log.until(|messages, _| {
            messages
                .iter()
                .find(|message| {
                    message.method() == Some(method) && wanted(&message.value["params"])
                })
                .cloned()
        });
        patiently(method, found).await
    }

    /// Waits until there are `count` notifications of this method.
    pub async fn notifications(&self, method: &str, count: usize) {
        let enough = self.log.until(|messages, _| {
            let found = messages
                .iter()
                .filter(|message| message.method() == Some(method))
                .count();
            (found >= count).then_some(())
        });
        patiently(&format!("{count} {method}"), enough).await;
    }

    /// How many notifications of this method came so far.
    pub fn count(&self, method: &str) -> usize {
        self.received()
            .iter()
            .filter(|message| message.method() == Some(method))
            .count()
    }

    /// Everything received so far, in order.
    pub fn received(&self) -> Vec<Message> {
        self.log.messages()
    }

    /// Ends the connection as a client does that goes away for good.
    pub async fn close(self) {
        match self.wire {
            Wire::Stdio(pipe) => pipe.close().await,
            Wire::Http(connection) => connection.close().await,
        }
    }

    /// The parameters with what every request of a modern client carries.
    fn stamped(&self, mut params: Value) -> Value {
        if self.modern() {
            let meta = &mut params["_meta"];
            if meta.is_null() {
                *meta = json!({});
            }
            meta["io.modelcontextprotocol/protocolVersion"] = json!(self.version);
            meta["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
            meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": "raw", "version": "1" });
        }
        params
    }
}
