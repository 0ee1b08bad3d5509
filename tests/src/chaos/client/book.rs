//! What a client knows of its requests, and the record that all clients of a run share.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::chaos::child::ledger;
use crate::chaos::event::{Event, Terminal, now};
use crate::ledger::read_from;

/// What all clients of a run write down.
#[derive(Clone, Debug)]
pub struct Record {
    events: Arc<Mutex<Vec<Event>>>,
    children: Arc<Mutex<Tail>>,
    /// One for all clients of a run: they share connections as well.
    http: reqwest::Client,
}

/// The children's ledger, as far as it was read.
#[derive(Debug, Default)]
struct Tail {
    path: PathBuf,
    offset: usize,
    events: Vec<Event>,
    seen: HashSet<String>,
    cancelled: HashSet<String>,
}

impl Tail {
    fn read_on(&mut self) -> &Self {
        for event in read_from(&self.path, &mut self.offset) {
            match &event {
                Event::Seen { nonce, .. } => {
                    self.seen.insert(nonce.clone());
                }
                Event::Cancelled { nonce, .. } => {
                    self.cancelled.insert(nonce.clone());
                }
                _ => {}
            }
            self.events.push(event);
        }
        self
    }
}

impl Record {
    /// A new one; the children's ledger is in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self {
            events: Arc::default(),
            children: Arc::new(Mutex::new(Tail {
                path: ledger(folder),
                ..Tail::default()
            })),
            http: crate::raw::client(),
        }
    }

    /// Adds an event.
    pub fn write(&self, event: Event) {
        self.events.lock().expect("not poisoned").push(event);
    }

    /// Everything that clients and children wrote so far.
    pub fn all(&self) -> Vec<Event> {
        let mut all = self.events.lock().expect("not poisoned").clone();
        all.extend(self.of_children());
        all
    }

    /// Waits at most `patience` until children have heard of all calls that were given up.
    pub async fn heard(&self, patience: Duration) {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        let until = tokio::time::Instant::now() + patience;
        let events = self.events.lock().expect("not poisoned").clone();
        let dropped = events.into_iter().filter_map(|event| match event {
            Event::Dropped { nonce, .. } => Some(nonce),
            _ => None,
        });
        let dropped: Vec<_> = dropped.collect();
        while tokio::time::Instant::now() < until {
            {
                let mut children = self.children.lock().expect("not poisoned");
                let cancelled = &children.read_on().cancelled;
                if dropped.iter().all(|nonce| cancelled.contains(nonce)) {
                    return;
                }
            }
            look.tick().await;
        }
    }

    /// Everything that children wrote so far.
    pub fn of_children(&self) -> Vec<Event> {
        let mut children = self.children.lock().expect("not poisoned");
        children.read_on().events.clone()
    }
}

/// The end of a call.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) terminal: Terminal,
    pub(super) retry_after: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Book {
    client: String,
    record: Record,
    open: Mutex<HashMap<i64, Open>>,
}

#[derive(Debug)]
enum Open {
    /// A call; `over` once it had an end.
    Call {
        nonce: String,
        over: bool,
        tell: UnboundedSender<Told>,
    },
    /// Another request.
    Other(UnboundedSender<Value>),
}

impl Book {
    pub(super) fn new(client: &str, record: &Record) -> Arc<Self> {
        Arc::new(Self {
            client: client.to_owned(),
            record: record.clone(),
            open: Mutex::default(),
        })
    }

    pub(super) fn write(&self, event: Event) {
        self.record.write(event);
    }

    pub(super) fn http(&self) -> reqwest::Client {
        self.record.http.clone()
    }

    /// Expects the end of a call.
    pub(super) fn open(&self, id: i64, nonce: &str) -> UnboundedReceiver<Told> {
        let (tell, told) = unbounded_channel();
        let call = Open::Call {
            nonce: nonce.to_owned(),
            over: false,
            tell,
        };
        self.open.lock().expect("not poisoned").insert(id, call);
        told
    }

    /// Expects the answer to another request.
    pub(super) fn ask(&self, id: i64) -> UnboundedReceiver<Value> {
        let (tell, told) = unbounded_channel();
        let mut open = self.open.lock().expect("not poisoned");
        open.insert(id, Open::Other(tell));
        told
    }

    /// Nobody waits for a call any more; what comes for it is still noted.
    pub(super) fn close(&self, id: i64) {
        if let Some(Open::Call { tell, .. }) = self.open.lock().expect("not poisoned").get_mut(&id)
        {
            *tell = unbounded_channel().0;
        }
    }

    /// Something came; `on` is the request on whose stream it did.
    pub(super) fn came(&self, text: &str, on: Option<i64>) {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return self.broken(on, text);
        };
        if let Some(method) = message["method"].as_str() {
            return self.notified(method, &message, on);
        }
        let id = message["id"].as_i64();
        match (on, id) {
            (Some(on), Some(id)) if on != id => self.broken(Some(on), text),
            (Some(on), None) => self.broken(Some(on), text),
            (_, Some(id)) => self.ended(id, &message, text),
            (None, None) => self.stray(text),
        }
    }

    /// What came is no answer.
    pub(super) fn broken(&self, on: Option<i64>, text: &str) {
        let text: String = text.chars().take(200).collect();
        match on {
            Some(id) => self.end(id, Terminal::Broken { text: text.clone() }, None, &text),
            None => self.stray(&text),
        }
    }

    fn stray(&self, text: &str) {
        self.write(Event::Stray {
            client: self.client.clone(),
            text: text.chars().take(200).collect(),
        });
    }

    fn notified(&self, method: &str, message: &Value, on: Option<i64>) {
        let of = message["params"]["progressToken"].as_i64().or(on);
        let open = self.open.lock().expect("not poisoned");
        if let Some(Open::Call {
            nonce, over: true, ..
        }) = of.and_then(|id| open.get(&id))
        {
            self.write(Event::After {
                nonce: nonce.clone(),
                what: method.to_owned(),
            });
        }
    }

    fn ended(&self, id: i64, message: &Value, text: &str) {
        let mut open = self.open.lock().expect("not poisoned");
        if let Some(Open::Other(tell)) = open.get(&id) {
            let _ = tell.send(message.clone());
            open.remove(&id);
            return;
        }
        drop(open);
        let retry = &message["error"]["data"]["mcpCompose"]["retryAfterMs"];
        let retry = retry.as_u64().map(Duration::from_millis);
        self.end(id, terminal(message), retry, text);
    }

    fn end(&self, id: i64, terminal: Terminal, retry_after: Option<Duration>, text: &str) {
        let mut open = self.open.lock().expect("not poisoned");
        let Some(Open::Call { nonce, over, tell }) = open.get_mut(&id) else {
            drop(open);
            return self.stray(text);
        };
        *over = true;
        self.write(Event::End {
            nonce: nonce.clone(),
            at: now(),
            terminal: terminal.clone(),
        });
        // Who gave up waiting needs no word.
        let _ = tell.send(Told {
            terminal,
            retry_after,
        });
    }

    /// Waits until a child has begun to do what a call asks for.
    pub(super) async fn seen(&self, nonce: &str) {
        self.written(|tail| tail.seen.contains(nonce)).await;
    }

    /// Waits until a child was told that nobody waits.
    pub(super) async fn cancelled(&self, nonce: &str) {
        self.written(|tail| tail.cancelled.contains(nonce)).await;
    }

    /// The ledger is a file, and tells nobody of news.
    async fn written(&self, wanted: impl Fn(&Tail) -> bool) {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        loop {
            look.tick().await;
            let mut children = self.record.children.lock().expect("not poisoned");
            if wanted(children.read_on()) {
                return;
            }
        }
    }
}

fn terminal(message: &Value) -> Terminal {
    if let Some(error) = message.get("error") {
        let ours = &error["data"]["mcpCompose"];
        if let Some(echo) = error["data"]["nonce"].as_str() {
            return Terminal::Refused {
                echo: echo.to_owned(),
            };
        }
        return Terminal::Error {
            names: ours["child"].as_str().map(str::to_owned),
            cause: ours["reason"].as_str().map(str::to_owned),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
        };
    }
    let said = message["result"]["content"][0]["text"].as_str();
    let said: Option<Value> = said.and_then(|text| serde_json::from_str(text).ok());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let result = said.and_then(|said| {
        Some(Terminal::Result {
            echo: text(&said["nonce"])?,
            of: text(&said["client"])?,
            by: text(&said["child"])?,
            pid: said["pid"]
                .as_u64()
                .and_then(|pid| u32::try_from(pid).ok())?,
        })
    });
    result.unwrap_or_else(|| Terminal::Broken {
        text: message.to_string().chars().take(200).collect(),
    })
}
