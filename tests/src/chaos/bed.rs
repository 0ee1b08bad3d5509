//! The children of a run, the aggregators before them, and what all of them write.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::child::MAX_MESSAGE;
use super::client::Record;
use super::fault::At;
use super::net::Net;
use super::watch::MARK;
use crate::aggregator::Config;
use crate::peers::binary;
use crate::process::{Process, command};
use crate::script::Era;

/// How long a call to a child with faults may go without a word.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take in all.
pub const CAP: Duration = Duration::from_secs(4);
/// How long a call to a child without faults may take: longer than a busy machine needs.
pub const PATIENT: Duration = Duration::from_secs(15);

/// Where a run lives.
#[derive(Debug)]
pub struct Bed {
    folder: TempDir,
    /// The name of the run, in the environment of each of its processes.
    pub run: String,
    /// What clients and children write.
    pub record: Record,
}

/// A child of a run.
#[derive(Debug)]
pub struct Member {
    /// Its namespace.
    pub name: String,
    /// Where its faults happen.
    pub at: At,
    /// Whether any are planned.
    pub sick: bool,
    /// What stands before it, if its faults happen on the way.
    pub net: Option<Net>,
    entry: Value,
    _process: Option<Process>,
}

impl Member {
    /// How long a call to it may take.
    pub fn deadline(&self) -> Duration {
        if self.sick { CAP } else { PATIENT }
    }
}

impl Default for Bed {
    fn default() -> Self {
        Self::new()
    }
}

impl Bed {
    /// A new one, with nothing in it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            run: format!("{:016x}", fastrand::u64(..)),
            record: Record::new(folder.path()),
            folder,
        }
    }

    /// A child on pipes, which whoever uses its entry starts; or one on HTTP, which is started here.
    pub async fn member(&self, name: &str, at: At, era: Era, sick: bool) -> Member {
        let mut entry = json!({
            "era": if era == Era::Modern { "modern" } else { "auto" },
            "timeout": PATIENT.as_secs_f64(),
            "maxTimeout": PATIENT.as_secs_f64(),
        });
        if sick {
            entry["timeout"] = json!(TIMEOUT.as_secs_f64());
            entry["maxTimeout"] = json!(CAP.as_secs_f64());
            entry["initTimeout"] = json!(2);
            entry["listTimeout"] = json!(1);
            entry["maxMessage"] = json!(MAX_MESSAGE);
        }
        let (mut net, mut process) = (None, None);
        match at {
            At::Pipe => {
                entry["command"] = json!(binary("chaos_child"));
                entry["args"] = json!(self.words(name, era, "stdio"));
                entry["env"] = json!({ MARK: self.run });
                entry["grace"] = json!(if sick { 0.3 } else { 2.0 });
            }
            At::Http | At::Child | At::Way => {
                let (running, url) = self.server(name, era).await;
                process = Some(running);
                entry["url"] = json!(url);
                if at == At::Way {
                    let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
                    let server: SocketAddr = address.parse().expect("an address");
                    let before = Net::before(server).await;
                    entry["url"] = json!(format!("http://{}/mcp", before.address));
                    net = Some(before);
                }
            }
        }
        Member {
            name: name.to_owned(),
            at,
            sick,
            net,
            entry,
            _process: process,
        }
    }

    /// A child on HTTP, and where it is.
    pub async fn server(&self, name: &str, era: Era) -> (Process, String) {
        let mut command = command(binary("chaos_child"));
        command
            .args(self.words(name, era, "http"))
            .env(MARK, &self.run);
        let mut process = Process::start(&mut command);
        let url = process.line(|line| line.starts_with("http://")).await;
        (process, url)
    }

    fn words(&self, name: &str, era: Era, over: &str) -> Vec<String> {
        let folder = self.folder().to_string_lossy().into_owned();
        let era = if era == Era::Modern {
            "modern"
        } else {
            "legacy"
        };
        vec![name.to_owned(), folder, era.to_owned(), over.to_owned()]
    }

    /// A composition of these children.
    pub fn config(&self, members: &[Member]) -> Config {
        let config = Config::new().environment(MARK, &self.run);
        members.iter().fold(config, |config, member| {
            config.child(&member.name, member.entry.clone())
        })
    }

    /// Where the children write.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps what was written beyond the run, and answers with where it is.
    pub fn keep(self) -> std::path::PathBuf {
        let events = self.record.all();
        let folder = self.folder.keep();
        let lines = events.iter().map(|event| json!(event).to_string() + "\n");
        std::fs::write(folder.join("all.jsonl"), lines.collect::<String>())
            .expect("it can be written");
        folder
    }
}

impl Member {
    /// The same child at another URL: for what stands before it.
    #[must_use]
    pub fn behind(mut self, url: &str) -> Self {
        self.entry["url"] = json!(url);
        self
    }

    /// Where it serves HTTP.
    ///
    /// # Panics
    /// When it does not.
    pub fn url(&self) -> &str {
        self.entry["url"].as_str().expect("it is on HTTP")
    }
}
