//! The children that ask, the clients that are asked, and the ledger that both write.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::{Event, Report, check, read};
use crate::aggregator::Config;
use crate::peers::{node, peer, python};
use crate::process::{Process, command};

/// A third-party child that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The TypeScript SDK 1.x over stdio, which is legacy.
    Pipe,
    /// The TypeScript SDK 1.x over HTTP, which is legacy.
    Http,
    /// The Python SDK 2.x over HTTP, which is modern.
    Modern,
}

impl Asking {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pipe, Self::Http, Self::Modern];

    /// Its namespace.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pipe => "pipe",
            Self::Http => "http",
            Self::Modern => "modern",
        }
    }
}

/// How many clients ask how much.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Clients at once.
    pub clients: usize,
    /// Questions of all clients together.
    pub questions: usize,
    /// What the schedule follows from.
    pub seed: u64,
    /// `legacy`, `modern`, or `both`.
    pub era: &'static str,
    /// Nothing is cancelled, and nobody leaves.
    pub polite: bool,
}

/// Children and their ledger.
#[derive(Debug)]
pub struct Scene {
    folder: TempDir,
    served: Vec<(Asking, Process, String)>,
}

impl Scene {
    /// Starts those children that serve HTTP; one over stdio is started by whoever uses it.
    pub async fn new(children: &[Asking]) -> Self {
        let mut scene = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            served: Vec::new(),
        };
        for child in children.iter().copied() {
            if child != Asking::Pipe {
                let words = scene.words(child);
                let mut process = Process::start(command(&words[0]).args(&words[1..]));
                let url = process.line(|line| line.starts_with("http://")).await;
                scene.served.push((child, process, url));
            }
        }
        scene
    }

    /// Where a child serves HTTP.
    ///
    /// # Panics
    /// When it does not.
    pub fn url(&self, child: Asking) -> &str {
        let served = self.served.iter().find(|(served, ..)| *served == child);
        served
            .map(|(.., url)| url.as_str())
            .expect("started over HTTP")
    }

    /// The process of a child that serves HTTP.
    ///
    /// # Panics
    /// When it does not.
    pub fn process(&self, child: Asking) -> &Process {
        let served = self.served.iter().find(|(served, ..)| *served == child);
        served
            .map(|(_, process, _)| process)
            .expect("started over HTTP")
    }

    /// The file that everyone writes.
    pub fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.jsonl")
    }

    /// What the command line of every child over stdio has, and that of no other process.
    pub fn mark(&self) -> String {
        // As the system shows it: each word ends with a zero byte.
        format!(
            "{}\0--ledger\0{}",
            Asking::Pipe.name(),
            self.ledger().display()
        )
    }

    /// A composition of these children, each with these settings.
    pub fn config(&self, children: &[Asking], settings: &Value) -> Config {
        children.iter().fold(Config::new(), |config, child| {
            config.child(child.name(), self.entry(*child, settings))
        })
    }

    /// The entry of a child in the configuration file.
    pub fn entry(&self, child: Asking, settings: &Value) -> Value {
        let mut entry = settings.clone();
        match child {
            Asking::Pipe => {
                let words = self.words(child);
                entry["command"] = json!(words[0]);
                entry["args"] = json!(words[1..]);
            }
            Asking::Http | Asking::Modern => entry["url"] = json!(self.url(child)),
        }
        entry
    }

    fn words(&self, child: Asking) -> Vec<PathBuf> {
        let mut words = match child {
            Asking::Pipe => vec![node(), peer("children/crosstalk_legacy.mjs")],
            Asking::Http => vec![
                node(),
                peer("children/crosstalk_legacy.mjs"),
                PathBuf::from("--http"),
            ],
            Asking::Modern => vec![python(), peer("children/crosstalk_modern.py")],
        };
        for word in ["--name", child.name(), "--ledger"] {
            words.push(PathBuf::from(word));
        }
        words.push(self.ledger());
        words
    }

    /// Has the clients call and answer until all their questions are asked.
    ///
    /// # Panics
    /// When they end in any other way.
    pub async fn clients(&self, url: &str, run: Run, children: &[Asking]) {
        let mut clients = clients(url, run, &self.ledger());
        if !children.is_empty() {
            let names: Vec<_> = children.iter().map(|child| child.name()).collect();
            clients.args(["--children", &names.join(",")]);
        }
        let output = clients
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .expect("the clients can be started");
        assert!(
            output.status.success(),
            "the clients ended ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Waits until every question has an outcome, and checks the ledger.
    ///
    /// A question whose outcome does not come within `patience` hangs; the report tells.
    pub async fn settled(&self, patience: Duration) -> Report {
        let mut look = tokio::time::interval(Duration::from_millis(100));
        let all = async {
            while open(&read(&self.ledger())) > 0 {
                look.tick().await;
            }
        };
        let _ = tokio::time::timeout(patience, all).await;
        check(&read(&self.ledger()))
    }

    /// Keeps the ledger beyond the run, and answers with where it is.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// How many questions have no outcome, of those that a child waits for.
fn open(events: &[Event]) -> usize {
    let mut open = HashSet::new();
    for event in events {
        match event {
            Event::Question {
                call,
                n,
                held: true,
                ..
            } => {
                open.insert((call, n));
            }
            Event::Reply { call, n, .. } => {
                open.remove(&(call, n));
            }
            _ => {}
        }
    }
    open.len()
}

fn clients(url: &str, run: Run, ledger: &Path) -> Command {
    let mut clients = command(python());
    clients
        .args(["-W", "ignore"])
        .arg(peer("clients/crosstalk_client.py"))
        .args(["--url", url, "--era", run.era])
        .args(["--clients", &run.clients.to_string()])
        .args(["--questions", &run.questions.to_string()])
        .args(["--seed", &run.seed.to_string()])
        .arg("--ledger")
        .arg(ledger);
    if run.polite {
        clients.arg("--polite");
    }
    clients
}
