//! Where the gateway sends what is for a test's client.

use std::sync::{Arc, Mutex, OnceLock, Weak};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::desk::{Desk, Question};
use crate::LogLevel;
use crate::gateway::client::Outlet;
use crate::wire::message::{ErrorObject, Response, code};
use crate::wire::peer::{Link, LinkError, Outgoing, Peer, lock};
use crate::wire::{Message, Raw, Request};

/// Notifications that are kept of one client; the latest ones are lost beyond that.
const MAX_HEARD: usize = 65_536;

/// The start of a stream of changes.
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// How far a call has come.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// How far.
    pub progress: f64,
    /// Of how much, where that is known.
    pub total: Option<f64>,
    /// A line for a person.
    pub message: Option<String>,
}

/// A log message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Log {
    /// How severe it is.
    pub level: LogLevel,
    /// Who says it; of a child the namespace.
    pub logger: Option<String>,
    /// What it says.
    pub data: Value,
}

/// A notification.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Notified {
    /// Such as `notifications/resources/updated`.
    pub method: String,
    /// What it says.
    pub params: Value,
}

impl Notified {
    pub(super) fn progress(&self) -> Option<Progress> {
        let is_one = self.method == "notifications/progress";
        is_one.then(|| Progress::deserialize(&self.params).ok())?
    }

    pub(super) fn log(&self) -> Option<Log> {
        let params = &self.params;
        (self.method == "notifications/message").then_some(())?;
        Some(Log {
            level: LogLevel::from_wire(params["level"].as_str()?)?,
            logger: params["logger"].as_str().map(str::to_owned),
            data: params["data"].clone(),
        })
    }
}

/// What one client knows and has heard.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    pub(super) desk: Desk,
    /// What answers are given to.
    peer: OnceLock<Weak<Peer>>,
    heard: Mutex<Heard>,
    added: Notify,
}

#[derive(Debug, Default)]
struct Heard {
    all: Vec<Notified>,
    /// Those that were waited for.
    taken: Vec<bool>,
}

impl Hearing {
    pub(super) fn bind(&self, peer: &Arc<Peer>) {
        let _ = self.peer.set(Arc::downgrade(peer));
    }

    pub(super) fn all(&self) -> Vec<Notified> {
        lock(&self.heard).all.clone()
    }

    /// The oldest notification of this method that was not taken before.
    pub(super) async fn take(&self, method: &str) -> Value {
        loop {
            let added = self.added.notified();
            let mut added = std::pin::pin!(added);
            added.as_mut().enable();
            {
                let mut heard = lock(&self.heard);
                let Heard { all, taken } = &mut *heard;
                let mut both = all.iter().zip(taken.iter_mut());
                let next = both.find(|(told, taken)| !**taken && told.method == method);
                if let Some((told, taken)) = next {
                    *taken = true;
                    return told.params.clone();
                }
            }
            added.await;
        }
    }

    fn hear(&self, told: Notified) {
        {
            let mut heard = lock(&self.heard);
            if heard.all.len() < MAX_HEARD {
                heard.all.push(told);
                heard.taken.push(false);
            }
        }
        self.added.notify_waiters();
    }
}

/// One request of the client while it is served.
#[derive(Debug, Default)]
pub(super) struct Underway {
    pub(super) progress: Mutex<Vec<Progress>>,
    /// What of its questions has no answer.
    stuck: Once<String>,
    /// What of a stream of changes the server grants.
    granted: Once<Value>,
}

/// What is said once and waited for.
#[derive(Debug)]
struct Once<T> {
    said: OnceLock<T>,
    is_said: Notify,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self {
            said: OnceLock::new(),
            is_said: Notify::new(),
        }
    }
}

impl<T: Clone> Once<T> {
    fn say(&self, what: T) {
        let _ = self.said.set(what);
        self.is_said.notify_one();
    }

    async fn wait(&self) -> T {
        loop {
            if let Some(said) = self.said.get() {
                return said.clone();
            }
            self.is_said.notified().await;
        }
    }
}

impl Underway {
    /// Waits until a question of the request has no answer, and says so.
    pub(super) async fn stuck(&self) -> String {
        self.stuck.wait().await
    }

    /// Waits until the server has said what it grants of a stream of changes.
    pub(super) async fn granted(&self) -> Value {
        self.granted.wait().await
    }
}

/// Takes what comes for a request, or for the connection.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    hearing: Arc<Hearing>,
    request: Option<Arc<Underway>>,
}

impl Mailbox {
    pub(super) fn new(hearing: &Arc<Hearing>, request: Option<&Arc<Underway>>) -> Self {
        Self {
            hearing: Arc::clone(hearing),
            request: request.cloned(),
        }
    }

    fn asked(&self, request: Request) {
        let params = serde_json::from_str(request.params()).unwrap_or_default();
        let question = Question::new(None, &request.method, params);
        let outcome = self.hearing.desk.answer(question).map_err(|why| {
            let error = ErrorObject::new(code::INTERNAL, &why);
            if let Some(underway) = &self.request {
                underway.stuck.say(why);
            }
            error
        });
        let response = Response {
            id: Some(request.id),
            outcome: outcome.map(|answer| Raw::of(&answer)),
        };
        if let Some(peer) = self.hearing.peer.get().and_then(Weak::upgrade) {
            peer.receive(Message::Response(response), None);
        }
    }
}

impl Outlet for Mailbox {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        match message {
            Message::Request(request) => self.asked(request),
            Message::Notification(told) => {
                let told = Notified {
                    method: told.method.to_string(),
                    params: serde_json::from_str(told.params()).unwrap_or_else(|_| json!({})),
                };
                if let Some(request) = &self.request {
                    if told.method == ACKNOWLEDGED {
                        request.granted.say(told.params["notifications"].clone());
                        return Ok(());
                    }
                    lock(&request.progress).extend(told.progress());
                }
                self.hearing.hear(told);
            }
            Message::Response(_) => {}
        }
        Ok(())
    }
}

impl Link for Mailbox {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        Outlet::send(self, message.message)
    }

    fn close(&self) {}
}
