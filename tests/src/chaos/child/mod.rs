//! A child that does what it should, and goes wrong where a call tells it to.
//!
//! Its one tool, `work`, repeats the call's `nonce` and `client` and says which process answers. The argument `fault` has
//! it commit that fault; `hold` has it wait until the call is cancelled.

mod http;
mod pipe;

pub use pipe::{leak, linger, wake};

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::event::{Event, now};
use super::fault::Fault;
use crate::ledger::append;
use crate::script::Era;

/// Size of an answer that is large, and within what is allowed.
const LARGE: usize = 512 * 1024;
/// The largest message that a run allows its children.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// How a child is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name, unique in the run.
    pub name: String,
    /// Where the ledger is, and what is to be known beyond one life.
    pub folder: PathBuf,
    /// Which handshakes it knows.
    pub era: Era,
}

/// One life of a child.
#[derive(Clone, Debug)]
struct Chaos {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    incarnation: u64,
    /// What it has to do wrong in this life.
    next: Option<Fault>,
    held: Mutex<HashMap<String, CancellationToken>>,
}

/// The arguments of `work`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Work {
    nonce: String,
    client: String,
    fault: Option<Fault>,
    hold: bool,
}

/// Serves until the end; `http` serves HTTP, and prints the address.
pub async fn serve(options: Options, over_http: bool) {
    if over_http {
        http::serve(&options).await;
    } else {
        pipe::serve(Chaos::begin(options)).await;
    }
}

/// Where all in a run write.
pub fn ledger(folder: &Path) -> PathBuf {
    folder.join("ledger.jsonl")
}

impl Chaos {
    fn begin(options: Options) -> Self {
        let file = |kind: &str| options.folder.join(format!("{}.{kind}", options.name));
        let mut lives = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file("lives"))
            .expect("the folder is there");
        lives.write_all(b".").expect("it can be written");
        let incarnation = lives.metadata().map_or(0, |file| file.len());
        let next = fs::read_to_string(file("next")).ok();
        let _ = fs::remove_file(file("next"));
        let chaos = Self {
            shared: Arc::new(Shared {
                incarnation,
                next: next.and_then(|text| serde_json::from_str(&text).ok()),
                options,
                held: Mutex::default(),
            }),
        };
        chaos.write(&Event::Start {
            child: chaos.name(),
            pid: std::process::id(),
            incarnation,
        });
        chaos
    }

    fn name(&self) -> String {
        self.shared.options.name.clone()
    }

    fn write(&self, event: &Event) {
        append(&ledger(&self.shared.options.folder), event);
    }

    /// Has the next life go wrong.
    fn leave_behind(&self, fault: Fault) {
        let name = format!("{}.next", self.name());
        let text = serde_json::to_string(&fault).expect("a word");
        fs::write(self.shared.options.folder.join(name), text).expect("it can be written");
    }

    /// What a call asks for; noted as seen.
    fn work(&self, params: &Value) -> Work {
        let work: Work = serde_json::from_value(params["arguments"].clone()).unwrap_or_default();
        if !work.fault.is_some_and(proves_that_nothing_was_done) {
            self.write(&Event::Seen {
                child: self.name(),
                pid: std::process::id(),
                nonce: work.nonce.clone(),
            });
        }
        if let Some(fault) = work.fault.filter(|fault| !fault.on_the_way()) {
            self.write(&Event::Fault {
                child: self.name(),
                nonce: work.nonce.clone(),
                fault,
            });
        }
        work
    }

    /// Waits until a held call is cancelled, and notes it.
    async fn hold(&self, id: &Value, work: &Work, gone: impl Future<Output = ()>) {
        let key = id.to_string();
        // A cancellation can have come first.
        let token = {
            let mut held = self.shared.held.lock().expect("not poisoned");
            held.entry(key.clone()).or_default().clone()
        };
        tokio::select! {
            () = token.cancelled() => {}
            () = gone => {}
        }
        self.shared.held.lock().expect("not poisoned").remove(&key);
        self.write(&Event::Cancelled {
            child: self.name(),
            nonce: work.nonce.clone(),
            at: now(),
        });
    }

    /// A notification that a request is not wanted any more.
    fn cancelled(&self, params: &Value) {
        let mut held = self.shared.held.lock().expect("not poisoned");
        // What is cancelled and not held is of no interest, but may still arrive.
        if held.len() > 10_000 {
            held.retain(|_, token| !token.is_cancelled());
        }
        held.entry(params["requestId"].to_string())
            .or_default()
            .cancel();
    }

    /// The answer to anything but a tool call; `None` to a notification.
    fn answer(&self, message: &Value) -> Option<String> {
        let id = message.get("id")?;
        let method = message["method"].as_str()?;
        let result = match (method, self.shared.options.era) {
            ("initialize", Era::Legacy) => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "serverInfo": { "name": "chaos", "version": "1" },
                "capabilities": self.capabilities(),
            }),
            ("server/discover", Era::Modern) => json!({
                "supportedVersions": ["2026-07-28"],
                "capabilities": self.capabilities(),
                "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "chaos", "version": "1" } },
            }),
            ("ping", Era::Legacy) => json!({}),
            ("tools/list", _) => json!({ "tools": [{
                "name": "work",
                "description": "Repeats what it is given.",
                "inputSchema": { "type": "object" },
            }] }),
            _ => {
                let error = json!({ "code": -32601, "message": format!("no method {method}") });
                return Some(json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string());
            }
        };
        Some(self.result(id, result))
    }

    fn capabilities(&self) -> Value {
        json!({ "tools": { "listChanged": self.shared.options.era == Era::Legacy } })
    }

    /// The right answer to a call.
    fn echo(&self, id: &Value, work: &Work) -> String {
        self.result(id, self.echoed(work, 0))
    }

    /// The right answer, this large.
    fn large(&self, id: &Value, work: &Work, size: usize) -> String {
        self.result(id, self.echoed(work, size))
    }

    fn echoed(&self, work: &Work, size: usize) -> Value {
        let said = json!({
            "nonce": work.nonce,
            "client": work.client,
            "child": self.name(),
            "pid": std::process::id(),
            "incarnation": self.shared.incarnation,
        });
        let mut content = vec![json!({ "type": "text", "text": said.to_string() })];
        if size > 0 {
            content.push(json!({ "type": "text", "text": "x".repeat(size) }));
        }
        json!({ "content": content })
    }

    fn result(&self, id: &Value, mut result: Value) -> String {
        if self.shared.options.era == Era::Modern {
            result["resultType"] = json!("complete");
            result["ttlMs"] = json!(0);
            result["cacheScope"] = json!("public");
        }
        json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()
    }

    /// An error of the child's own, which echoes too.
    fn refusal(id: &Value, work: &Work) -> String {
        let error =
            json!({ "code": -32050, "message": "told to refuse", "data": { "nonce": work.nonce } });
        json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string()
    }

    /// Answers to requests that nobody made.
    fn wrong(&self, id: &Value, work: &Work) -> Vec<String> {
        let number = id.as_f64().unwrap_or_default();
        let wrong = [
            json!(number + 0.5),
            json!(id.to_string()),
            Value::Null,
            json!(4_000_000_000_u64),
        ];
        let nobody = Work {
            nonce: "of nobody".to_owned(),
            ..work.clone()
        };
        wrong.iter().map(|id| self.echo(id, &nobody)).collect()
    }
}

/// Faults that are answers from before anything was done: the same call may be sent again.
fn proves_that_nothing_was_done(fault: Fault) -> bool {
    matches!(fault, Fault::Status429 | Fault::Forgotten | Fault::Redirect)
}

/// A progress notification, if the request wants any.
fn progress(params: &Value, n: u64) -> Option<String> {
    let token = params["_meta"].get("progressToken")?;
    let params = json!({ "progressToken": token, "progress": n });
    Some(
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
            .to_string(),
    )
}
