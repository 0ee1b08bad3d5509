//! Files change while a client of the official Python SDK is connected: over both fronts, in both eras.

use std::collections::BTreeMap;
use std::path::Path;

use mcp_compose_tests::aggregator::aggregator;
use mcp_compose_tests::peers::{peer, python};
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::{PATIENCE, patiently};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the client saw in a step.
#[derive(Debug, Deserialize)]
struct Seen {
    step: String,
    /// The process that each tool came from.
    processes: BTreeMap<String, String>,
    announced: u32,
}

/// The file of a composition whose children have tools as their files say.
pub(crate) fn composition(children: &[&str]) -> String {
    let script = peer("children/versions.py");
    children
        .iter()
        .map(|name| {
            format!(
                "[children.{name}]\ncommand = {:?}\nargs = [{:?}, \"{name}.txt\"]\nwatch = [\"{name}.*\"]\n",
                python(),
                script
            )
        })
        .collect()
}

/// A folder with a composition of `a` and `b`, and all files that children of it need.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["a", "b", "c"] {
        let path = folder.path().join(format!("{name}.txt"));
        std::fs::write(path, "one\n").expect("written");
    }
    let file = folder.path().join("compose.toml");
    std::fs::write(file, composition(&["a", "b"])).expect("written");
    folder
}

fn steps(folder: &Path) -> Value {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let compose = path("compose.toml");
    json!([
        { "step": "start", "tools": ["a_one", "b_one"] },
        {
            "step": "the same tools",
            "write": { path("a.txt"): "# The same.\none\n" },
            "restarted": ["a_one"],
            "tools": ["a_one", "b_one"],
        },
        {
            "step": "another tool",
            "write": { path("a.txt"): "one\ntwo\n" },
            "tools": ["a_one", "a_two", "b_one"],
        },
        {
            "step": "a child more",
            "write": { compose.clone(): composition(&["c", "a", "b"]) },
            "tools": ["a_one", "a_two", "b_one", "c_one"],
        },
        {
            "step": "a child changed",
            "write": { compose.clone(): composition(&["c", "a", "b"]).replace("[children.b]", "[children.b]\nmax_timeout = 900") },
            "restarted": ["b_one"],
            "tools": ["a_one", "a_two", "b_one", "c_one"],
        },
        {
            "step": "a child less",
            "write": { compose: composition(&["a", "c"]) },
            "tools": ["a_one", "a_two", "c_one"],
        },
    ])
}

fn client(era: &str, folder: &Path) -> tokio::process::Command {
    let file = folder.join("steps.json");
    std::fs::write(&file, steps(folder).to_string()).expect("written");
    let mut client = command(python());
    client
        .arg(peer("clients/reload_client.py"))
        .args(["--era", era, "--steps"])
        .arg(file)
        .env("PYTHONWARNINGS", "ignore")
        .kill_on_drop(true);
    client
}

async fn watches(mut client: tokio::process::Command) {
    // It bounds each of its steps itself.
    let output = tokio::time::timeout(PATIENCE * 6, client.output()).await;
    let output = output.expect("the client ends");
    let output = output.expect("the client can be started");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let seen = stdout.lines().map(serde_json::from_str);
    let seen: Vec<Seen> = seen.collect::<Result<_, _>>().expect("lines of JSON");
    let [start, same, more, added, changed, removed] = &seen[..] else {
        panic!("{seen:#?}")
    };
    // What stays the same is not announced, and what does not is: once each.
    let announced: Vec<_> = seen[1..].iter().map(|seen| seen.announced).collect();
    assert_eq!(announced, [0, 1, 1, 0, 1], "{seen:#?}");
    let process = |seen: &Seen, tool: &str| -> String {
        let process = seen.processes.get(tool);
        process
            .unwrap_or_else(|| panic!("{tool} in {}", seen.step))
            .clone()
    };
    // `a` was restarted when its file changed, and by nothing else.
    assert_ne!(process(start, "a_one"), process(same, "a_one"));
    assert_ne!(process(same, "a_one"), process(more, "a_one"));
    for later in [added, changed, removed] {
        assert_eq!(process(more, "a_one"), process(later, "a_one"), "{seen:#?}");
    }
    // `b` was not, until it was declared otherwise.
    for later in [same, more, added] {
        assert_eq!(
            process(start, "b_one"),
            process(later, "b_one"),
            "{seen:#?}"
        );
    }
    assert_ne!(process(added, "b_one"), process(changed, "b_one"));
    // Another place in the file is no change.
    assert_eq!(process(added, "c_one"), process(removed, "c_one"));
}

async fn over_http(era: &str) {
    let folder = folder();
    let mut server = command(aggregator());
    server
        .args(["serve", "--http", "127.0.0.1:0"])
        .current_dir(folder.path());
    let server = Process::start(&mut server);
    let url = |line: &str| Some(line.split_once("serving on ")?.1.trim().to_owned());
    let line = server.stderr().find(|line| url(line).is_some());
    let line = patiently("the address", line).await;
    let mut client = client(era, folder.path());
    client.args(["--url", &url(&line).expect("found just now")]);
    watches(client).await;
}

async fn over_stdio(era: &str) {
    let folder = folder();
    let mut client = client(era, folder.path());
    client
        .arg("--")
        .arg(aggregator())
        .args(["serve", "--stdio", "--config"])
        .arg(folder.path().join("compose.toml"));
    watches(client).await;
}

#[tokio::test]
async fn a_legacy_client_over_http_stays_connected() {
    over_http("legacy").await;
}

#[tokio::test]
async fn a_modern_client_over_http_stays_connected() {
    over_http("modern").await;
}

#[tokio::test]
async fn a_legacy_client_over_stdio_stays_connected() {
    over_stdio("legacy").await;
}

#[tokio::test]
async fn a_modern_client_over_stdio_stays_connected() {
    over_stdio("modern").await;
}
