//! A virtual client over streamable HTTP.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use reqwest::{RequestBuilder, Response};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::book::Book;
use crate::raw::{LEGACY, MODERN};
use crate::script::Era;

#[derive(Debug)]
pub(super) struct Connection {
    http: reqwest::Client,
    url: String,
    era: Era,
    session: Arc<Mutex<Option<String>>>,
    stream: Mutex<Option<AbortHandle>>,
    book: Arc<Book>,
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Posted {
    task: AbortHandle,
    read: watch::Receiver<bool>,
}

impl Posted {
    /// Waits until all that belongs to the request has come.
    pub(super) async fn read(&self) {
        let _ = self.read.clone().wait_for(|read| *read).await;
    }

    pub(super) fn hang_up(&self) {
        self.task.abort();
    }
}

impl Connection {
    pub(super) fn new(url: &str, era: Era, book: &Arc<Book>) -> Self {
        Self {
            http: book.http(),
            url: url.to_owned(),
            era,
            session: Arc::default(),
            stream: Mutex::default(),
            book: Arc::clone(book),
        }
    }

    /// Opens the stream on which a legacy server pushes, and waits until it is there.
    pub(super) async fn open_stream(&self) {
        let request = self
            .http
            .get(&self.url)
            .header("accept", "text/event-stream");
        let response = self.in_session(request).send().await;
        let response = response.expect("the stream is answered");
        let book = Arc::clone(&self.book);
        let task = tokio::spawn(async move { read(response, &book, None).await });
        *self.stream.lock().expect("not poisoned") = Some(task.abort_handle());
    }

    pub(super) fn post(&self, id: i64, method: &str, text: String) -> Posted {
        let request = self.request(method, text);
        let (book, session) = (Arc::clone(&self.book), Arc::clone(&self.session));
        let (done, receiver) = watch::channel(false);
        let task = tokio::spawn(async move {
            match request.send().await {
                Ok(response) => {
                    if let Some(id) = response.headers().get("mcp-session-id") {
                        let id = id.to_str().ok().map(str::to_owned);
                        *session.lock().expect("not poisoned") = id;
                    }
                    read(response, &book, Some(id)).await;
                }
                Err(problem) => book.broken(Some(id), &format!("{problem:?}")),
            }
            done.send_replace(true);
        });
        Posted {
            task: task.abort_handle(),
            read: receiver,
        }
    }

    pub(super) async fn notify(&self, method: &str, text: String) {
        // A server that is gone shows in what the client waits for.
        if let Ok(response) = self.request(method, text).send().await {
            let _ = response.bytes().await;
        }
    }

    pub(super) async fn close(self) {
        let task = self.stream.lock().expect("not poisoned").take();
        if let Some(task) = task {
            task.abort();
        }
        if self.era == Era::Legacy {
            let _ = self.in_session(self.http.delete(&self.url)).send().await;
        }
    }

    fn request(&self, method: &str, text: String) -> RequestBuilder {
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        let request = match self.era {
            Era::Modern => {
                let request = request
                    .header("mcp-protocol-version", MODERN)
                    .header("mcp-method", method);
                match name_of(method, &text) {
                    Some(name) => request.header("mcp-name", name),
                    None => request,
                }
            }
            Era::Legacy if method == "initialize" => request,
            Era::Legacy => self.in_session(request),
        };
        request.body(text)
    }

    fn in_session(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("mcp-protocol-version", LEGACY);
        match self.session.lock().expect("not poisoned").clone() {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        }
    }
}

fn name_of(method: &str, text: &str) -> Option<String> {
    if method != "tools/call" {
        return None;
    }
    let message: serde_json::Value = serde_json::from_str(text).ok()?;
    message["params"]["name"].as_str().map(str::to_owned)
}

/// Reads all of a response.
async fn read(response: Response, book: &Book, on: Option<i64>) {
    let status = response.status();
    let kind = response.headers().get("content-type");
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/event-stream") {
        let text = response.text().await.unwrap_or_default();
        match text.is_empty() || !text.starts_with('{') {
            true if on.is_none() => {}
            true => book.broken(on, &format!("HTTP {status}: {text}")),
            false => book.came(&text, on),
        }
        return;
    }
    let mut bytes = response.bytes_stream();
    let mut pending = Vec::new();
    let mut data = String::new();
    while let Some(Ok(chunk)) = bytes.next().await {
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if let Some(part) = line.strip_prefix("data:") {
                data.push_str(part.trim_start());
            } else if line.is_empty() && !data.is_empty() {
                book.came(&std::mem::take(&mut data), on);
            }
        }
    }
}
