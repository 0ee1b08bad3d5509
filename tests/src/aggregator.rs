//! The aggregator under test: the real binary, run from a configuration file.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::clients::Target;
use crate::patiently;
use crate::peers::{peer, python, reference, workspace};
use crate::process::{Process, command};

/// The package whose programs `Aggregator::example` starts.
const EXAMPLES: &str = "mcp-compose-examples";

/// What stands before the address of the status page.
const STATUS_PAGE: &str = "status page on ";

/// A composition, in the standard `mcpServers` form.
#[derive(Clone, Debug, Default)]
pub struct Config {
    children: Map<String, Value>,
    settings: Map<String, Value>,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    traced: bool,
}

impl Config {
    /// No children yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a child by its entry in the file.
    #[must_use]
    pub fn child(mut self, namespace: &str, entry: Value) -> Self {
        self.children.insert(namespace.to_owned(), entry);
        self
    }

    /// Says something of the whole.
    #[must_use]
    pub fn setting(mut self, key: &str, value: Value) -> Self {
        self.settings.insert(key.to_owned(), value);
        self
    }

    /// Adds a variable to the aggregator's own environment.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds arguments of `serve`.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        self.arguments.extend(arguments);
        self
    }

    /// Serves it with the program that has the feature `otel`.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.traced = true;
        self
    }

    fn program(&self) -> PathBuf {
        if self.traced { traced() } else { aggregator() }
    }

    /// The three children of the reference composition; `manufact` is at `url`.
    pub fn reference(url: &str) -> Self {
        Self::new()
            .child("database", database())
            .child("weather", weather())
            .child("manufact", json!({ "url": url }))
    }

    /// `mcp-compose serve --config FILE --http ADDRESS`; valid while the folder lives.
    pub fn serve(&self, address: &str) -> (Command, TempDir) {
        let (folder, file) = self.write();
        let mut command = command(self.program());
        command.arg("serve").arg("--config").arg(file);
        command.args(["--http", address]).args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        (command, folder)
    }

    /// `mcp-compose call --config FILE TOOL ARGUMENTS`; valid while the folder lives.
    pub fn call(&self, tool: &str, arguments: &Value) -> (Command, TempDir) {
        let (mut command, folder) = self.command("call");
        command.args([tool, &arguments.to_string()]);
        (command, folder)
    }

    /// `mcp-compose list --config FILE`; valid while the folder lives.
    pub fn list(&self) -> (Command, TempDir) {
        self.command("list")
    }

    /// `mcp-compose doctor --config FILE`; valid while the folder lives.
    pub fn doctor(&self) -> (Command, TempDir) {
        self.command("doctor")
    }

    /// `mcp-compose WHAT --config FILE`; valid while the folder lives.
    pub fn command(&self, what: &str) -> (Command, TempDir) {
        let (folder, file) = self.write();
        let mut command = command(aggregator());
        command.arg(what).arg("--config").arg(file);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        (command, folder)
    }

    fn write(&self) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mcp.json");
        let mut file = self.settings.clone();
        file.insert("mcpServers".to_owned(), self.children.clone().into());
        std::fs::write(&path, Value::from(file).to_string())
            .expect("the configuration can be written");
        (folder, path)
    }
}

/// The entry of the `database` child: TypeScript SDK 1.x under `tsx`, legacy.
pub fn database() -> Value {
    tsx(&reference("db.ts"))
}

/// The entry of the same database on the TypeScript SDK 2.x, modern only.
pub fn modern_database() -> Value {
    tsx(&peer("children/db_modern.ts"))
}

fn tsx(script: &std::path::Path) -> Value {
    json!({
        "command": peer("node_modules/.bin/tsx"),
        "args": [script],
        "env": { "PATH": crate::peers::path_with_node() },
    })
}

/// The entry of the `weather` child: FastMCP over stdio.
pub fn weather() -> Value {
    json!({ "command": python(), "args": [reference("weather.py")] })
}

/// Starts the `manufact` child: the official Python SDK over HTTP.
pub async fn manufact() -> (Process, String) {
    let mut process = Process::start(command(python()).arg(reference("manufact.py")));
    let url = process.line(|line| line.starts_with("http://")).await;
    (process, url)
}

/// A running aggregator on HTTP.
#[derive(Debug)]
pub struct Aggregator {
    /// Its process.
    pub process: Process,
    /// Its endpoint.
    pub url: String,
    _config: Option<TempDir>,
}

impl Aggregator {
    /// Starts `mcp-compose serve --config FILE --http 127.0.0.1:0` and waits for its address.
    pub async fn http(config: &Config) -> Self {
        let (mut command, folder) = config.serve("127.0.0.1:0");
        Self::start(&mut command, Some(folder)).await
    }

    /// Starts a program that is given the path of the configuration, and waits for its address.
    pub async fn of_program(program: &str, config: &Config) -> Self {
        let (folder, file) = config.write();
        let mut command = command(program);
        command.arg(file);
        Self::start(&mut command, Some(folder)).await
    }

    /// Starts a command that serves over HTTP, and waits for its address. The folder lives as long as it does.
    pub async fn start(command: &mut Command, config: Option<TempDir>) -> Self {
        let mut process = Process::start(command);
        let stderr = process.stderr().clone();
        let url = tokio::select! {
            line = patiently("the aggregator's address", stderr.find(|line| address(line).is_some())) => {
                address(&line).expect("found just now")
            }
            status = process.ended() => {
                panic!("the aggregator ended ({status}): {}", stderr.all().join("\n"))
            }
        };
        Self {
            process,
            url,
            _config: config,
        }
    }

    /// Starts a program of the examples on a free port, and waits for its address.
    pub async fn example(name: &str) -> Self {
        let mut command = command(built(EXAMPLES, name));
        command.args(["--http", "127.0.0.1:0"]);
        Self::start(&mut command, None).await
    }

    /// Its status page, where `--admin` was among the arguments.
    pub async fn status_page(&self) -> String {
        let said = self
            .process
            .stderr()
            .find(|line| line.contains(STATUS_PAGE));
        let line = patiently("the address of the status page", said).await;
        url(&line).expect("the line has an address")
    }

    /// Its endpoint, for a third-party client.
    pub fn target(&self) -> Target {
        Target::Url(self.url.clone())
    }
}

/// The endpoint that a line of a composition's standard error names.
fn address(line: &str) -> Option<String> {
    if line.contains(STATUS_PAGE) {
        return None;
    }
    url(line)
}

fn url(line: &str) -> Option<String> {
    let start = line.find("http://127.0.0.1:")?;
    let url: String = line[start..]
        .chars()
        .take_while(|next| !next.is_whitespace() && *next != '\u{1b}')
        .collect();
    Some(url.trim_end_matches(['"', ',', '.']).to_owned())
}

/// The command that serves an example over stdio.
pub fn example_over_stdio(name: &str) -> Target {
    let program = built(EXAMPLES, name).to_string_lossy().into_owned();
    Target::Command(vec![program, "--stdio".to_owned()])
}

/// Starts an example over stdio, with a variable that says where the programs of the examples lie.
pub fn example(name: &str) -> Process {
    let program = built(EXAMPLES, name);
    let folder = program.parent().expect("a program lies in a folder");
    Process::start(command(&program).arg("--stdio").env("EXAMPLES", folder))
}

/// The command that serves a composition over stdio, for a third-party client to start; valid while it lives.
#[derive(Debug)]
pub struct StdioCommand {
    words: Vec<String>,
    environment: Vec<(String, String)>,
    _config: TempDir,
}

impl StdioCommand {
    /// `mcp-compose serve --config FILE --stdio`.
    pub fn new(config: &Config) -> Self {
        let (folder, file) = config.write();
        let words = [
            &config.program(),
            &PathBuf::from("serve"),
            &PathBuf::from("--config"),
            &file,
            &PathBuf::from("--stdio"),
        ]
        .map(|word| word.to_string_lossy().into_owned())
        .to_vec();
        Self {
            words,
            environment: config.environment.clone(),
            _config: folder,
        }
    }

    /// For a third-party client.
    pub fn target(&self) -> Target {
        Target::Command(self.words.clone())
    }

    /// The same as a child's entry of a configuration file.
    pub fn entry(&self) -> Value {
        json!({ "command": self.words[0], "args": self.words[1..] })
    }

    /// Starts it.
    pub fn start(&self) -> Process {
        let mut command = command(&self.words[0]);
        command.args(&self.words[1..]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Process::start(&mut command)
    }
}

/// A program of the examples.
pub fn example_program(name: &str) -> PathBuf {
    built(EXAMPLES, name)
}

/// The binary: `MCP_COMPOSE_BIN`, or built once by cargo in the profile of the tests.
pub fn aggregator() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY
        .get_or_init(|| match std::env::var_os("MCP_COMPOSE_BIN") {
            Some(path) => PathBuf::from(path),
            None => built("mcp-compose", "mcp-compose"),
        })
        .clone()
}

/// The same with the feature `otel`: `MCP_COMPOSE_OTEL_BIN`, or built once by cargo. An example, so that it lies beside the
/// binary without the feature and shares what both depend on.
fn traced() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY
        .get_or_init(|| match std::env::var_os("MCP_COMPOSE_OTEL_BIN") {
            Some(path) => PathBuf::from(path),
            None => {
                cargo_build(&[
                    "--package",
                    "mcp-compose",
                    "--features",
                    "otel",
                    "--example",
                    "traced",
                ]);
                crate::peers::binary("examples/traced")
            }
        })
        .clone()
}

/// A binary of another package of this workspace: beside the one in `MCP_COMPOSE_BIN`, where the test command has built
/// them all, or built by cargo in the profile of the tests.
fn built(package: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os("MCP_COMPOSE_BIN") {
        // Not by cargo: for this package alone it would take other features of the dependencies, and build them anew.
        let file = crate::peers::binary(name);
        let file = file.file_name().expect("a file");
        let beside = PathBuf::from(path).with_file_name(file);
        if beside.is_file() {
            return beside;
        }
    }
    cargo_build(&["--package", package, "--bin", name]);
    crate::peers::binary(name)
}

fn cargo_build(what: &[&str]) {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    // What cargo tells about the test's own package has `ring`, and all that depends on it, built anew.
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    let status = cargo
        .args(["build", "--quiet"])
        .args(what)
        .current_dir(workspace())
        .stdin(Stdio::null())
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "`cargo build {}` failed", what.join(" "));
}
