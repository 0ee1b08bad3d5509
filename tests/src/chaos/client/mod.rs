//! Virtual clients: many in this process, over HTTP and stdio, in either era, all with the same request ids.

mod book;
mod http;
mod stdio;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

pub use self::book::Record;
use self::book::{Book, Told};
use super::event::{Event, Fate, Terminal, now};
use super::fault::Fault;
use crate::process::Process;
use crate::raw::{LEGACY, MODERN};
use crate::script::Era;

/// How long after the deadline of a call its end is still waited for, where nobody says anything else.
pub const PATIENCE: Duration = Duration::from_secs(12);

/// A connected client.
#[derive(Debug)]
pub struct Client {
    name: String,
    era: Era,
    wire: Wire,
    book: Arc<Book>,
    next_id: AtomicI64,
    nonces: std::sync::Mutex<fastrand::Rng>,
}

#[derive(Debug)]
enum Wire {
    Http(http::Connection),
    Stdio(Box<stdio::Pipe>),
}

/// A call to be made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The child's namespace.
    pub child: String,
    /// What it makes the child do.
    pub fault: Option<Fault>,
    /// How long it may take.
    pub deadline: Duration,
    /// How much longer its end is waited for.
    pub patience: Duration,
    /// Whether it is given up as soon as the child has it.
    pub fate: Fate,
}

/// How a call went, for whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Went {
    /// The child answered.
    Well,
    /// It did not; with how long to wait, if somebody said so.
    Wrong(Option<Duration>),
}

impl Client {
    /// Connects over HTTP.
    ///
    /// # Panics
    /// When the server does not welcome it.
    pub async fn http(name: &str, url: &str, era: Era, record: &Record, seed: u64) -> Self {
        let book = Book::new(name, record);
        let connection = http::Connection::new(url, era, &book);
        Self::greet(name, era, Wire::Http(connection), book, seed).await
    }

    /// Connects to a running process over its pipes.
    ///
    /// # Panics
    /// When the server does not welcome it.
    pub async fn stdio(name: &str, process: Process, era: Era, record: &Record, seed: u64) -> Self {
        let book = Book::new(name, record);
        let pipe = stdio::Pipe::new(process, &book);
        Self::greet(name, era, Wire::Stdio(Box::new(pipe)), book, seed).await
    }

    async fn greet(name: &str, era: Era, wire: Wire, book: Arc<Book>, seed: u64) -> Self {
        let client = Self {
            name: name.to_owned(),
            era,
            wire,
            book,
            next_id: AtomicI64::new(1),
            nonces: std::sync::Mutex::new(fastrand::Rng::with_seed(seed)),
        };
        if era == Era::Modern {
            client.request("server/discover", json!({})).await;
        } else {
            let info = json!({ "name": name, "version": "1" });
            let hello =
                json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": info });
            client.request("initialize", hello).await;
            client.notify("notifications/initialized", json!({})).await;
            if let Wire::Http(connection) = &client.wire {
                connection.open_stream().await;
            }
        }
        client
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process on the other end of the pipes, if there are any.
    pub fn process(&self) -> Option<&Process> {
        match &self.wire {
            Wire::Stdio(pipe) => Some(pipe.process()),
            Wire::Http(_) => None,
        }
    }

    /// Makes a call, and waits for its end; how it went is in the record.
    pub async fn call(&self, plan: &Plan) -> Went {
        let nonce = format!(
            "{}/{:016x}",
            self.name,
            self.nonces.lock().expect("not poisoned").u64(..)
        );
        self.call_as(&nonce, plan).await
    }

    /// The same, with this nonce, which no other call may have.
    pub async fn call_as(&self, nonce: &str, plan: &Plan) -> Went {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut arguments = json!({ "nonce": nonce, "client": self.name });
        if let Some(fault) = plan.fault {
            arguments["fault"] = json!(fault);
        }
        if plan.fate == Fate::Dropped {
            arguments["hold"] = json!(true);
        }
        let params = self.stamped(json!({
            "name": format!("{}_work", plan.child),
            "arguments": arguments,
            "_meta": { "progressToken": id },
        }));
        self.book.write(Event::Call {
            nonce: nonce.to_owned(),
            client: self.name.clone(),
            id,
            child: plan.child.clone(),
            at: now(),
            deadline: u64::try_from(plan.deadline.as_millis()).unwrap_or(u64::MAX),
            fault: plan.fault,
            fate: plan.fate,
        });
        let told = self.book.open(id, nonce);
        let text = request(id, "tools/call", &params);
        let exchange = self.send(id, "tools/call", text);
        let ended = tokio::time::timeout(plan.deadline + plan.patience, async {
            let posted = exchange.await;
            match plan.fate {
                Fate::Kept => {
                    let told = self.ended(told, posted.as_ref()).await;
                    (told, posted)
                }
                Fate::Dropped => {
                    self.drop_call(id, nonce, posted.as_ref()).await;
                    (None, posted)
                }
            }
        })
        .await;
        if plan.fate == Fate::Kept {
            self.book.close(id);
        }
        let told = match ended {
            Ok((Some(told), _)) => told,
            Ok((None, _)) | Err(_) => return Went::Wrong(None),
        };
        match told.terminal {
            Terminal::Result { .. } => Went::Well,
            _ => Went::Wrong(told.retry_after),
        }
    }

    /// Waits for the end: for all of what comes on the call's own stream, or for the first sign of it.
    async fn ended(
        &self,
        mut told: tokio::sync::mpsc::UnboundedReceiver<Told>,
        posted: Option<&http::Posted>,
    ) -> Option<Told> {
        if let Some(posted) = posted {
            posted.read().await;
            // Everything that belongs to the call has come, or it never will.
            return told.try_recv().ok();
        }
        told.recv().await
    }

    /// Gives a call up as soon as the child has it, in the way of the transport and the era.
    async fn drop_call(&self, id: i64, nonce: &str, posted: Option<&http::Posted>) {
        self.book.seen(nonce).await;
        self.book.write(Event::Dropped {
            nonce: nonce.to_owned(),
            at: now(),
        });
        if let (Some(posted), Era::Modern) = (posted, self.era) {
            posted.hang_up();
            return;
        }
        let params = json!({ "requestId": id, "reason": "the run wants it" });
        self.notify("notifications/cancelled", params).await;
        self.book.cancelled(nonce).await;
        if let Some(posted) = posted {
            // An end that comes now is one too many, and must be seen.
            let _ = tokio::time::timeout(Duration::from_secs(1), posted.read()).await;
        }
    }

    /// A request that is no call.
    async fn request(&self, method: &str, params: Value) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut answer = self.book.ask(id);
        let text = request(id, method, &self.stamped(params));
        let answered = crate::patiently(method, async {
            if let Some(posted) = self.send(id, method, text).await {
                posted.read().await;
            }
            answer.recv().await
        });
        let answered = answered.await.expect("the book is there");
        assert!(answered.get("result").is_some(), "{method}: {answered}");
    }

    async fn notify(&self, method: &str, params: Value) {
        let params = self.stamped(params);
        let text = json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string();
        match &self.wire {
            Wire::Stdio(pipe) => pipe.send(&text).await,
            Wire::Http(connection) => connection.notify(method, text).await,
        }
    }

    async fn send(&self, id: i64, method: &str, text: String) -> Option<http::Posted> {
        match &self.wire {
            Wire::Stdio(pipe) => {
                pipe.send(&text).await;
                None
            }
            Wire::Http(connection) => Some(connection.post(id, method, text)),
        }
    }

    fn stamped(&self, mut params: Value) -> Value {
        if self.era == Era::Modern {
            let info = json!({ "name": self.name, "version": "1" });
            let meta = &mut params["_meta"];
            if meta.is_null() {
                *meta = json!({});
            }
            meta["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
            meta["io.modelcontextprotocol/clientInfo"] = info;
        }
        params
    }

    /// Goes away for good.
    pub async fn close(self) {
        match self.wire {
            Wire::Stdio(pipe) => pipe.close().await,
            Wire::Http(connection) => connection.close().await,
        }
    }
}

fn request(id: i64, method: &str, params: &Value) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}
