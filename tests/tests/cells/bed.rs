//! The peers of the table: children that ask, on three SDKs, and clients that answer, on three SDKs.

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use mcp_compose_tests::clients::Client;
use mcp_compose_tests::peers::{node, peer, python};
use mcp_compose_tests::process::{Process, command};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A client goes through ten features of eight children, two of which it may be the first to have started.
const PATIENCE: Duration = Duration::from_secs(120);

/// All third-party clients, each in one era.
pub(crate) const CLIENTS: [Client; 5] = [
    Client::PythonLegacy,
    Client::PythonModern,
    Client::Ts1,
    Client::Ts2Legacy,
    Client::Ts2Modern,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    Legacy,
    Modern,
}

impl Era {
    pub(crate) const ALL: [Self; 2] = [Self::Legacy, Self::Modern];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }

    pub(crate) fn of(client: Client) -> Self {
        match client {
            Client::PythonLegacy | Client::Ts1 | Client::Ts2Legacy => Self::Legacy,
            Client::PythonModern | Client::Ts2Modern => Self::Modern,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Stdio,
    Http,
}

impl Transport {
    pub(crate) const ALL: [Self; 2] = [Self::Stdio, Self::Http];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "HTTP",
        }
    }
}

/// What a client is written with.
pub(crate) fn sdk_of(client: Client) -> &'static str {
    match client {
        Client::PythonLegacy | Client::PythonModern => "Python SDK",
        Client::Ts1 => "TypeScript SDK 1",
        Client::Ts2Legacy | Client::Ts2Modern => "TypeScript SDK 2",
    }
}

/// One way in which an SDK's server runs.
#[derive(Debug)]
struct Kind {
    key: &'static str,
    sdk: &'static str,
    script: &'static str,
    era: Era,
    transports: &'static [Transport],
    /// The features that the SDK does not have in this era.
    lacks: &'static [&'static str],
}

const BOTH: &[Transport] = &Transport::ALL;

const KINDS: [Kind; 6] = [
    Kind {
        key: "py",
        sdk: "Python SDK",
        script: "children/asking.py",
        era: Era::Legacy,
        transports: BOTH,
        lacks: &[],
    },
    Kind {
        key: "py",
        sdk: "Python SDK",
        script: "children/asking.py",
        era: Era::Modern,
        transports: BOTH,
        lacks: &[],
    },
    Kind {
        key: "ts1",
        sdk: "TypeScript SDK 1",
        script: "children/asking_ts1.mjs",
        era: Era::Legacy,
        transports: BOTH,
        lacks: &[],
    },
    Kind {
        key: "ts2",
        sdk: "TypeScript SDK 2",
        script: "children/asking_ts2.mjs",
        era: Era::Modern,
        transports: BOTH,
        lacks: &[],
    },
    Kind {
        key: "fast",
        sdk: "FastMCP",
        script: "children/asking_fastmcp.py",
        era: Era::Legacy,
        transports: &[Transport::Stdio],
        lacks: &["subscribe"],
    },
    Kind {
        key: "fast",
        sdk: "FastMCP",
        script: "children/asking_fastmcp.py",
        era: Era::Modern,
        transports: &[Transport::Http],
        lacks: &["list_changed", "subscribe"],
    },
];

/// A child that asks.
#[derive(Debug)]
pub(crate) struct Child {
    /// Its namespace in a composition.
    pub(crate) label: String,
    pub(crate) sdk: &'static str,
    pub(crate) era: Era,
    pub(crate) transport: Transport,
    pub(crate) lacks: &'static [&'static str],
    at: Value,
}

impl Child {
    /// Its entry in a configuration file.
    pub(crate) fn entry(&self) -> Value {
        let mut entry = self.at.clone();
        entry["era"] = json!(self.era.name());
        entry
    }

    /// How a client gets to it without an aggregator.
    pub(crate) fn direct(&self) -> Value {
        let mut target = match self.at.get("url") {
            Some(url) => json!({ "url": url }),
            None => {
                let arguments = self.at["args"].as_array().expect("arguments");
                let words: Vec<_> = std::iter::once(&self.at["command"])
                    .chain(arguments)
                    .collect();
                json!({ "command": words })
            }
        };
        target["children"] = json!([self.planned(None)]);
        target
    }

    /// How a client's plan names it behind an aggregator.
    pub(crate) fn exposed(&self) -> Value {
        self.planned(Some(&self.label))
    }

    /// The same, where a typed server calls the child, which it knows by this name.
    pub(crate) fn called(&self, inner: &str) -> Value {
        let mut planned = self.planned(Some(&self.label));
        planned["asks_as"] = json!(format!("[{}] [{inner}] ", self.label));
        planned["lacks"] = json!(["list_changed", "subscribe", "complete"]);
        planned
    }

    /// A child that is not there, to see what the table makes of it.
    pub(crate) fn planted(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            sdk: "none",
            era: Era::Legacy,
            transport: Transport::Http,
            lacks: &[],
            at: Value::Null,
        }
    }

    fn planned(&self, namespace: Option<&str>) -> Value {
        json!({
            "label": self.label,
            "era": self.era.name(),
            "namespace": namespace,
            "asks_as": namespace.map_or(String::new(), |namespace| format!("[{namespace}] ")),
            "lacks": self.lacks,
        })
    }
}

/// All children; those on HTTP run as long as this lives.
#[derive(Debug)]
pub(crate) struct Bed {
    pub(crate) children: Vec<Child>,
    _running: Vec<Process>,
    _state: TempDir,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        let state = tempfile::tempdir().expect("a temporary folder");
        let ways = KINDS
            .iter()
            .flat_map(|kind| kind.transports.iter().map(move |by| (kind, *by)));
        let started = ways.map(|(kind, by)| kind.start(by, state.path()));
        let (children, running): (_, Vec<_>) = join_all(started).await.into_iter().unzip();
        Self {
            children,
            _running: running.into_iter().flatten().collect(),
            _state: state,
        }
    }
}

impl Kind {
    /// The child, and its process if that is not for a client to start.
    async fn start(&self, by: Transport, state: &Path) -> (Child, Option<Process>) {
        let label = format!("{}-{}-{}", self.key, self.era.name(), by.name()).to_lowercase();
        let state = state.join(&label);
        std::fs::create_dir(&state).expect("a folder of state");
        let script = peer(self.script);
        let program = match script.extension() {
            Some(extension) if extension == "py" => python(),
            _ => node(),
        };
        let era = ["--era", self.era.name()].map(Path::new);
        let arguments = [
            script.as_path(),
            Path::new("--state"),
            &state,
            era[0],
            era[1],
        ];
        let (at, running) = match by {
            Transport::Stdio => (json!({ "command": program, "args": arguments }), None),
            Transport::Http => {
                let mut process = Process::start(command(program).args(arguments).arg("--http"));
                let url = process.line(|line| line.starts_with("http://")).await;
                (json!({ "url": url }), Some(process))
            }
        };
        let child = Child {
            label,
            sdk: self.sdk,
            era: self.era,
            transport: by,
            lacks: self.lacks,
            at,
        };
        (child, running)
    }
}

/// One thing that a client tried with a child.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Check {
    pub(crate) child: String,
    pub(crate) check: String,
    pub(crate) ok: bool,
    pub(crate) detail: String,
}

/// Has a client go through all features of the children of these targets.
pub(crate) async fn visit(client: Client, targets: &[Value]) -> Vec<Check> {
    let (program, script) = match client {
        Client::PythonLegacy | Client::PythonModern => (python(), "clients/cells_python.py"),
        Client::Ts1 => (node(), "clients/cells_ts1.mjs"),
        Client::Ts2Legacy | Client::Ts2Modern => (node(), "clients/cells_ts2.mjs"),
    };
    let plan = json!({ "era": Era::of(client).name(), "targets": targets });
    let mut command = command(program);
    command
        .arg(peer(script))
        .arg(plan.to_string())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap_or_else(|_| panic!("{client:?} did not end"))
        .expect("the client can be started");
    client.reported(&output)
}
