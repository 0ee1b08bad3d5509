//! Starts what is measured: children, relay, typed proxy and aggregator, each a process of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::client::Pipes;
use crate::process::Process;

/// How a child under test is started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChildShape {
    /// Generated tools, beside `echo` and `burst`.
    pub(crate) tools: usize,
    /// Milliseconds that it does nothing at the start.
    pub(crate) start_delay: u64,
}

/// Four generated tools: six in all, as a small server has.
pub(crate) const SMALL: ChildShape = ChildShape {
    tools: 4,
    start_delay: 0,
};

/// The child behind a proxy or the aggregator.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behind<'a> {
    /// A process that the front starts itself.
    Stdio(ChildShape),
    /// A running HTTP child.
    Http(&'a Process),
}

/// Where the aggregator's clients come in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Front {
    /// On a free port.
    Http,
    /// Over its stdin and stdout.
    Stdio,
}

impl Front {
    pub(crate) const BOTH: [Self; 2] = [Self::Http, Self::Stdio];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Stdio => "stdio",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Http => &["--http", "127.0.0.1:0"],
            Self::Stdio => &["--stdio"],
        }
    }
}

/// Where the programs are, and a directory for config files that goes away with the stage.
#[derive(Debug)]
pub(crate) struct Stage {
    bench: PathBuf,
    aggregator: Option<PathBuf>,
    directory: PathBuf,
    configs: AtomicU32,
}

impl Stage {
    /// A stage with this aggregator, or without one.
    pub(crate) fn new(aggregator: Option<PathBuf>) -> Result<Self> {
        let name = format!("mcp-compose-bench-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory)?;
        Ok(Self {
            bench: std::env::current_exe().context("where is this program?")?,
            aggregator,
            directory,
            configs: AtomicU32::new(0),
        })
    }

    /// Whether there is an aggregator to measure.
    pub(crate) fn has_aggregator(&self) -> bool {
        self.aggregator.is_some()
    }

    /// A directory for files that need not last.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The stdio child's command.
    pub(crate) fn child(&self, shape: ChildShape) -> Command {
        let mut command = Command::new(&self.bench);
        command.args(child_arguments(shape));
        command
    }

    /// The stdio child, driven over its pipes.
    pub(crate) async fn pipes(&self, shape: ChildShape) -> Result<Pipes> {
        Pipes::start(self.child(shape)).await
    }

    /// The HTTP child.
    pub(crate) async fn http_child(&self, shape: ChildShape) -> Result<Process> {
        let mut command = Command::new(&self.bench);
        command
            .args(child_arguments(shape))
            .args(["--http", "127.0.0.1:0"]);
        Process::start(command).await
    }

    /// The byte relay's command line.
    pub(crate) fn relay(&self, child: &Process) -> Vec<String> {
        let mut line = vec![self.bench_program()];
        line.extend(["relay", "--to", child.authority()].map(str::to_owned));
        line
    }

    /// The typed proxy's command line.
    pub(crate) fn rmcp_naive(&self, behind: Behind<'_>, json: bool) -> Vec<String> {
        let mut line = vec![self.bench_program(), "rmcp-naive".to_owned()];
        if json {
            line.push("--json".to_owned());
        }
        match behind {
            Behind::Http(child) => line.extend(["--url".to_owned(), child.url.clone()]),
            Behind::Stdio(shape) => {
                line.extend(["--".to_owned(), self.bench_program()]);
                line.extend(child_arguments(shape));
            }
        }
        line
    }

    /// The aggregator's command line over HTTP, with these children under their namespaces.
    pub(crate) fn aggregator(&self, children: &[(String, Behind<'_>)]) -> Result<Vec<String>> {
        self.aggregator_on(children, Front::Http)
    }

    /// The same over either front.
    pub(crate) fn aggregator_on(
        &self,
        children: &[(String, Behind<'_>)],
        front: Front,
    ) -> Result<Vec<String>> {
        let Some(program) = &self.aggregator else {
            bail!("there is no aggregator to measure");
        };
        let servers: Map<String, Value> = children
            .iter()
            .map(|(namespace, behind)| (namespace.clone(), self.server_entry(*behind)))
            .collect();
        let number = self.configs.fetch_add(1, Ordering::Relaxed);
        let config = self.directory.join(format!("servers-{number}.json"));
        std::fs::write(&config, json!({ "mcpServers": servers }).to_string())?;
        let mut line = vec![text(program), "serve".to_owned(), "--config".to_owned()];
        line.push(text(&config));
        line.extend(front.arguments().iter().map(|&word| word.to_owned()));
        Ok(line)
    }

    fn server_entry(&self, behind: Behind<'_>) -> Value {
        match behind {
            Behind::Http(child) => json!({ "type": "http", "url": child.url }),
            Behind::Stdio(shape) => {
                json!({ "command": self.bench_program(), "args": child_arguments(shape) })
            }
        }
    }

    fn bench_program(&self) -> String {
        text(&self.bench)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Left-over files in the temporary directory are no reason to fail.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The command of a command line.
pub(crate) fn command(line: &[String]) -> Command {
    let (program, arguments) = line
        .split_first()
        .map_or(("", line), |(p, a)| (p.as_str(), a));
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn child_arguments(shape: ChildShape) -> Vec<String> {
    let (tools, delay) = (shape.tools.to_string(), shape.start_delay.to_string());
    ["child", "--tools", &tools, "--start-delay", &delay]
        .map(str::to_owned)
        .to_vec()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
