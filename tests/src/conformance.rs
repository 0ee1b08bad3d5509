//! Runs the official conformance suites against an endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::peers::{node, peer, python};
use crate::process::{Process, command};

/// A line of the suite.
#[derive(Clone, Copy, Debug)]
pub enum Suite {
    /// `@modelcontextprotocol/conformance` 0.1.16: the 2025-11-25 revision.
    Of2025,
    /// 0.2.0-alpha.12 at 2025-11-25.
    Of2026Legacy,
    /// 0.2.0-alpha.12 at 2026-07-28.
    Of2026,
}

/// What a scenario's checks came to: the status of each, in order, by scenario.
pub type Outcome = BTreeMap<String, Vec<Verdict>>;

/// One check of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The check's id.
    pub id: String,
    /// `SUCCESS`, `WARNING`, `FAILURE`, `SKIPPED`.
    pub status: String,
    /// What was wrong.
    pub error: Option<String>,
}

impl Verdict {
    /// Why it is what it is, cut to what fits a report.
    fn reason(&self) -> String {
        self.error
            .as_deref()
            .unwrap_or("no reason given")
            .chars()
            .take(400)
            .collect()
    }
}

impl Suite {
    /// How many scenarios it has.
    pub fn scenarios(self) -> usize {
        match self {
            Self::Of2025 => 32,
            Self::Of2026Legacy => 33,
            Self::Of2026 => 40,
        }
    }

    /// The era that its client speaks, as a child's `era` in a configuration file.
    pub fn era(self) -> &'static str {
        match self {
            Self::Of2025 | Self::Of2026Legacy => "legacy",
            Self::Of2026 => "modern",
        }
    }

    /// Runs all of the suite's server scenarios.
    pub async fn run(self, url: &str) -> Outcome {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (package, version) = match self {
            Self::Of2025 => ("conformance-2025", "2025-11-25"),
            Self::Of2026Legacy => ("conformance-2026", "2025-11-25"),
            Self::Of2026 => ("conformance-2026", "2026-07-28"),
        };
        let mut command = command(node());
        command
            .arg(peer(&format!("node_modules/{package}/dist/index.js")))
            .args([
                "server",
                "--suite",
                "all",
                "--spec-version",
                version,
                "--url",
                url,
                "--output-dir",
            ])
            .arg(folder.path());
        let output = command
            .kill_on_drop(true)
            .output()
            .await
            .expect("the suite can be started");
        let outcome = read(folder.path());
        assert!(
            !outcome.is_empty(),
            "the suite reported nothing: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        outcome
    }
}

/// Runs single scenarios of the 0.2 line, such as those of extensions, which belong to no suite.
pub async fn scenarios(names: &[&str], url: &str) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in names {
        let output = command(node())
            .arg(peer("node_modules/conformance-2026/dist/index.js"))
            .args(["server", "--scenario", name, "--url", url, "--output-dir"])
            .arg(folder.path())
            .kill_on_drop(true)
            .output();
        output.await.expect("the suite can be started");
    }
    read(folder.path())
}

/// The results that a run left in a folder: one folder a scenario, named after it and the time.
fn read(folder: &Path) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Check {
        id: String,
        status: String,
        error_message: Option<String>,
    }
    let mut outcome = Outcome::new();
    for entry in std::fs::read_dir(folder)
        .expect("the folder exists")
        .filter_map(Result::ok)
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(entry.path().join("checks.json"))
            .unwrap_or_else(|_| "[]".to_owned());
        let checks: Vec<Check> =
            serde_json::from_str(&text).expect("checks.json is a list of checks");
        let verdicts = checks
            .into_iter()
            .filter(|check| check.status != "INFO")
            .map(|check| Verdict {
                id: check.id,
                status: check.status,
                error: check.error_message,
            });
        outcome.insert(scenario(&name), verdicts.collect());
    }
    outcome
}

/// `server-ping-2026-11-22T07-57-25-292Z` is scenario `ping`.
fn scenario(folder: &str) -> String {
    let name = folder.strip_prefix("server-").unwrap_or(folder);
    let time = "-2026-11-22T07-57-25-292Z".len();
    name[..name.len().saturating_sub(time)].to_owned()
}

/// Scenarios about how an endpoint streams. The suite itself says of a plain JSON answer that they do not apply to it, and
/// the aggregator's front answers so when nothing precedes a result: it may have less to show, and nothing worse.
const OF_THE_FRONT: &[&str] = &["server-sse-polling", "server-sse-multiple-streams"];

/// Checks for which the Python server adds an entry to a list and removes it at once. The list is as it was when the
/// aggregator looks, there is nothing to announce, and these SHOULD turn from success to a warning. (The suite asks for a
/// change of the list; the server on rmcp makes a real one, which is announced.)
const ADDED_AND_REMOVED_AT_ONCE: &[&str] = &[
    "sep-2575-server-sends-tools-list-changed-on-subscription",
    "sep-2575-server-sends-prompts-list-changed-on-subscription",
];

/// Which server the suite ran against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The official Python SDK's.
    Python,
    /// The one on rmcp.
    Rmcp,
}

/// The checks that came out otherwise in `through` than in `direct`, one line each.
pub fn differences(server: Server, direct: &Outcome, through: &Outcome) -> Vec<String> {
    let scenarios: BTreeSet<_> = direct.keys().chain(through.keys()).collect();
    let mut differences = Vec::new();
    for scenario in scenarios {
        let wanted = direct.get(scenario).map_or(&[][..], Vec::as_slice);
        let found = through.get(scenario).map_or(&[][..], Vec::as_slice);
        let mut wanted = wanted.to_vec();
        let of_the_front = OF_THE_FRONT.contains(&scenario.as_str());
        if of_the_front {
            wanted.retain(|wanted| found.iter().any(|found| found.id == wanted.id));
        }
        let ids = |verdicts: &[Verdict]| {
            verdicts
                .iter()
                .map(|one| one.id.clone())
                .collect::<Vec<_>>()
        };
        if ids(&wanted) != ids(found) {
            let (wanted, found) = (ids(&wanted), ids(found));
            differences.push(format!("{scenario}: checks {wanted:?} became {found:?}"));
            continue;
        }
        for (wanted, found) in wanted.iter().zip(found) {
            let unseen = server == Server::Python
                && found.status == "WARNING"
                && ADDED_AND_REMOVED_AT_ONCE.contains(&found.id.as_str());
            let better = of_the_front && found.status == "SUCCESS";
            if wanted.status != found.status && !unseen && !better {
                let reason = found.reason();
                differences.push(format!(
                    "{scenario}/{}: {} became {}: {reason}",
                    found.id, wanted.status, found.status
                ));
            }
        }
    }
    differences
}

/// The checks that failed, one line each.
pub fn failures(outcome: &Outcome) -> Vec<String> {
    let failed = outcome.iter().flat_map(|(scenario, verdicts)| {
        verdicts
            .iter()
            .filter(|verdict| verdict.status == "FAILURE")
            .map(move |verdict| {
                format!(
                    "{scenario}/{}: {}",
                    verdict.id,
                    verdict.error.as_deref().unwrap_or("no reason given")
                )
            })
    });
    failed.collect()
}

/// Starts the conformance server of the official Python SDK on HTTP.
pub async fn everything_over_http() -> (Process, String) {
    let mut start = command(python());
    start
        .args([
            "-m",
            "mcp_everything_server",
            "--port",
            "0",
            "--log-level",
            "WARNING",
        ])
        .current_dir(peer(".venv/everything-server"));
    let process = Process::start(&mut start);
    let line = process.stderr().clone();
    let line = crate::patiently(
        "the everything-server",
        line.find(|line| line.contains("http://127.0.0.1:")),
    )
    .await;
    let start = line.find("http://").expect("found just now");
    let url: String = line[start..]
        .chars()
        .take_while(|next| !next.is_whitespace())
        .collect();
    (process, format!("{url}/mcp"))
}

/// The same server as a stdio child's entry of a configuration file.
pub fn everything_over_stdio() -> serde_json::Value {
    serde_json::json!({
        "command": python(),
        "args": ["-c", "from mcp_everything_server.server import mcp; mcp.run('stdio')"],
        "cwd": peer(".venv/everything-server"),
        "namespace": "",
    })
}

/// Starts the conformance server on rmcp over HTTP.
pub async fn rmcp_over_http() -> (Process, String) {
    let mut process =
        Process::start(command(crate::peers::binary("rmcp_everything")).arg("--http"));
    let url = process.line(|line| line.starts_with("http://")).await;
    (process, url)
}

/// The same server as a stdio child's entry of a configuration file.
pub fn rmcp_over_stdio() -> serde_json::Value {
    serde_json::json!({ "command": crate::peers::binary("rmcp_everything"), "namespace": "" })
}
