//! Runs the scripted third-party clients, and reads what they found.

use std::process::Output;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::process::Command;

use crate::patiently;
use crate::peers::{node, peer, python};
use crate::process::command;

/// A third-party client in one era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// The official Python SDK 2.x with an `initialize` handshake.
    PythonLegacy,
    /// The official Python SDK 2.x, stateless.
    PythonModern,
    /// The official TypeScript SDK 1.x, which is legacy only.
    Ts1,
    /// The official TypeScript SDK 2.x with an `initialize` handshake.
    Ts2Legacy,
    /// The official TypeScript SDK 2.x, stateless.
    Ts2Modern,
}

/// What a client talks to.
#[derive(Clone, Debug)]
pub enum Target {
    /// A streamable HTTP endpoint.
    Url(String),
    /// A command that serves stdio.
    Command(Vec<String>),
}

/// Which of the reference children stand behind the target, and how they are named there.
#[derive(Clone, Debug)]
pub struct Scene {
    /// `database`, `weather`, `manufact`, and `local` for `aggregator_status`.
    pub children: Vec<&'static str>,
    /// Whether names and URIs carry the child's namespace.
    pub exposed: bool,
}

/// One thing that a client tried.
#[derive(Clone, Debug, Deserialize)]
pub struct Check {
    /// Its name.
    pub check: String,
    /// Whether it was as it should be.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
}

impl Client {
    /// Runs all checks of the scene and panics with those that failed.
    pub async fn check(self, target: &Target, scene: &Scene) -> Vec<Check> {
        let checks = self.run(target, scene).await;
        let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
        assert!(failed.is_empty(), "{self:?}: {failed:#?}");
        assert!(checks.len() > 1, "{self:?} checked nothing");
        checks
    }

    async fn run(self, target: &Target, scene: &Scene) -> Vec<Check> {
        let mut command = self.command();
        command.args(["--children", &scene.children.join(",")]);
        if scene.exposed {
            command.arg("--exposed");
        }
        match target {
            Target::Url(url) => command.args(["--url", url]),
            Target::Command(words) => command.arg("--").args(words),
        };
        let output = patiently(&format!("{self:?}"), command.kill_on_drop(true).output()).await;
        let output = output.expect("the client can be started");
        self.reported(&output)
    }

    /// What a client that has ended reported: a JSON line a check.
    ///
    /// # Panics
    /// When it reported nothing.
    pub fn reported<C: DeserializeOwned>(self, output: &Output) -> Vec<C> {
        let stdout = String::from_utf8_lossy(&output.stdout);
        let checks: Vec<C> = stdout
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        assert!(
            !checks.is_empty(),
            "{self:?} reported nothing ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        checks
    }

    fn command(self) -> Command {
        let (program, script, era) = match self {
            Self::PythonLegacy => (python(), "clients/python_client.py", "legacy"),
            Self::PythonModern => (python(), "clients/python_client.py", "modern"),
            Self::Ts1 => (node(), "clients/ts1_client.mjs", "legacy"),
            Self::Ts2Legacy => (node(), "clients/ts2_client.mjs", "legacy"),
            Self::Ts2Modern => (node(), "clients/ts2_client.mjs", "modern"),
        };
        let mut command = command(program);
        command
            .arg(peer(script))
            .args(["--era", era])
            .env("PYTHONWARNINGS", "ignore");
        command
    }
}

/// Runs one method with the Inspector's command line and answers with what it printed.
///
/// Over stdio each run starts the children anew, and a child that takes long on a busy machine comes too late for a
/// client that asks once and leaves; so such a run is made again.
///
/// # Panics
/// When it fails, or prints anything but JSON.
pub async fn inspector(target: &Target, arguments: &[&str]) -> serde_json::Value {
    const ATTEMPTS: usize = 3;
    let attempts = if matches!(target, Target::Command(_)) {
        ATTEMPTS
    } else {
        1
    };
    let mut said = String::new();
    for _ in 0..attempts {
        match inspect(target, arguments).await {
            Ok(answer) => return answer,
            Err(output) => said = output,
        }
    }
    panic!("inspector {arguments:?}: {said}")
}

async fn inspect(target: &Target, arguments: &[&str]) -> Result<serde_json::Value, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("mcp.json");
    // A server is named in a file of the Inspector's, because it would take our options for its own.
    let server = match target {
        Target::Url(url) => json!({ "type": "http", "url": url }),
        Target::Command(words) => json!({ "command": words[0], "args": words[1..] }),
    };
    let servers = json!({ "mcpServers": { "target": server } });
    std::fs::write(&config, servers.to_string()).expect("the file can be written");
    let mut command = command(node());
    command
        .arg(peer(
            "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js",
        ))
        .args(["--cli", "--server", "target", "--config"])
        .arg(&config)
        .args(arguments)
        .kill_on_drop(true);
    let output = patiently("the Inspector", command.output())
        .await
        .expect("the Inspector can be started");
    let stdout = String::from_utf8_lossy(&output.stdout);
    match serde_json::from_str(&stdout) {
        Ok(answer) if output.status.success() => Ok(answer),
        _ => Err(format!(
            "{stdout}{}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}
