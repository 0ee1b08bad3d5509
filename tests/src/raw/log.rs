//! What a raw client received, and who waits for more of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::patiently;

/// One message as it came.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its text.
    pub text: String,
    /// The text, parsed; big numbers lose precision here.
    pub value: Value,
    /// The request on whose own stream it came; only HTTP has such streams.
    pub on: Option<i64>,
}

impl Message {
    fn new(text: String, on: Option<i64>) -> Self {
        let value = serde_json::from_str(&text)
            .unwrap_or_else(|problem| panic!("not JSON ({problem}): {text}"));
        Self { text, value, on }
    }

    /// The notification's or request's method.
    pub fn method(&self) -> Option<&str> {
        self.value["method"].as_str()
    }

    /// The exact text of the result.
    ///
    /// # Panics
    /// When the message is not a successful response.
    pub fn result_text(&self) -> &str {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            result: &'a RawValue,
        }
        let envelope: Envelope<'_> = serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("no result in {}", self.text));
        envelope.result.get()
    }
}

/// Everything received so far, in order, and who waits for more.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    messages: Mutex<Vec<Message>>,
    closed: Mutex<HashMap<i64, String>>,
    news: Notify,
}

impl Log {
    pub(super) fn push(&self, text: String, on: Option<i64>) {
        self.shared
            .messages
            .lock()
            .expect("not poisoned")
            .push(Message::new(text, on));
        self.shared.news.notify_waiters();
    }

    /// Records that no answer will come to a request, and why.
    pub(super) fn close(&self, id: i64, reason: String) {
        self.shared
            .closed
            .lock()
            .expect("not poisoned")
            .insert(id, reason);
        self.shared.news.notify_waiters();
    }

    pub(super) fn messages(&self) -> Vec<Message> {
        self.shared.messages.lock().expect("not poisoned").clone()
    }

    pub(super) async fn until<T>(
        &self,
        mut found: impl FnMut(&[Message], &HashMap<i64, String>) -> Option<T>,
    ) -> T {
        loop {
            let news = self.shared.news.notified();
            let mut news = std::pin::pin!(news);
            news.as_mut().enable();
            {
                let messages = self.shared.messages.lock().expect("not poisoned");
                let closed = self.shared.closed.lock().expect("not poisoned");
                if let Some(found) = found(&messages, &closed) {
                    return found;
                }
            }
            news.await;
        }
    }
}

/// A request whose answer has not been asked for yet.
#[derive(Debug)]
pub struct Call {
    pub(super) id: i64,
    pub(super) log: Log,
    /// Ends the request's own connection, where it has one.
    pub(super) abort: Option<tokio::task::AbortHandle>,
}

impl Call {
    /// The request's id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Waits for the answer.
    ///
    /// # Panics
    /// When the connection ends without one.
    pub async fn answer(&self) -> Message {
        let wanted = json!(self.id);
        let what = format!("the answer to request {}", self.id);
        patiently(
            &what,
            self.log.until(|messages, closed| {
                let answer = messages.iter().find(|message| {
                    message.value.get("id") == Some(&wanted) && message.method().is_none()
                });
                if let (None, Some(reason)) = (answer, closed.get(&self.id)) {
                    panic!("no {what}: {reason}");
                }
                answer.cloned()
            }),
        )
        .await
    }

    /// Waits until the call ends without an answer, as a cancelled one does.
    pub async fn ended(&self) -> String {
        patiently(
            "the end of a call",
            self.log.until(|_, closed| closed.get(&self.id).cloned()),
        )
        .await
    }
}
