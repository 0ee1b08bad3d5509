//! What is in `deploy/` passes the linters of its kind, and starts the real binary as it is written there.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use mcp_compose::Composition;
use mcp_compose_tests::aggregator::{Config, aggregator};
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::{peer, python, workspace};
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted};
use serde_json::{Value, json};

/// What calls in flight are given, unless told otherwise: `docs/secure.md`, Stopping.
const DRAIN: Duration = Duration::from_secs(30);
/// What children are given to end by themselves, to be told, and to be killed, and some more.
const CHILDREN: Duration = Duration::from_secs(10);

const RECIPES: [&str; 2] = ["container/Dockerfile", "container/node.Dockerfile"];
const MANIFESTS: [&str; 5] = [
    "kubernetes/config.yaml",
    "kubernetes/deployment.yaml",
    "kubernetes/network.yaml",
    "kubernetes/pdb.yaml",
    "kubernetes/service.yaml",
];
const UNIT: &str = "systemd/mcp-compose.service";

fn file(name: &str) -> PathBuf {
    workspace().join("deploy").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(file(name)).expect("the file is there")
}

/// A linter of `peers/requirements.txt`.
fn linter(name: &str) -> Command {
    let path = peer(".venv/bin").join(name);
    assert!(path.is_file(), "{name} is missing: run `cargo xtask peers`");
    Command::new(path)
}

fn passes(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it can be started");
    let said = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    assert!(status.success(), "{command:?}: {status}\n{said}");
    said
}

/// The one document of a manifest.
fn manifest(name: &str) -> Value {
    let script = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";
    let text = passes(Command::new(python()).args(["-c", script]).arg(file(name)));
    serde_json::from_str(&text).expect("JSON")
}

fn container() -> Value {
    manifest("kubernetes/deployment.yaml")["spec"]["template"]["spec"]["containers"][0].take()
}

/// The value of a key of the unit.
fn unit(key: &str) -> String {
    let text = read(UNIT);
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.next().expect("the key is there").to_owned()
}

#[test]
fn nothing_is_left_unlinted() {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(workspace().join("deploy")).expect("a folder") {
        let folder = folder.expect("an entry").path();
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(workspace().join("deploy"));
            found.push(name.expect("inside").display().to_string());
        }
    }
    found.sort();
    let mut known = [&RECIPES[..], &MANIFESTS, &[UNIT]].concat();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn recipes_pass_hadolint() {
    passes(linter("hadolint").args(RECIPES.map(file)));
    // It finds something where there is something.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let wrong = folder.path().join("Dockerfile");
    std::fs::write(&wrong, "FROM debian\nRUN cd /tmp\n").expect("it can be written");
    let output = linter("hadolint").arg(wrong).output().expect("it starts");
    assert!(!output.status.success());
}

#[test]
fn manifests_are_what_kubernetes_takes() {
    let rules = "{extends: default, rules: {document-start: disable, line-length: {max: 120}}}";
    let yamllint = ["--strict", "--config-data", rules];
    passes(linter("yamllint").args(yamllint).args(MANIFESTS.map(file)));
    let strict = "--strict";
    let said = passes(
        linter("kubernetes-validate")
            .arg(strict)
            .args(MANIFESTS.map(file)),
    );
    assert_eq!(
        said.matches("passed for resource").count(),
        MANIFESTS.len(),
        "{said}"
    );
}

#[test]
fn the_unit_is_what_systemd_takes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().join("mcp-compose.service");
    let program = "/usr/local/bin/mcp-compose";
    let text = read(UNIT);
    let exec = unit("ExecStart");
    assert!(exec.starts_with(program), "{exec}");
    // There is none at that place here.
    let here = aggregator().display().to_string();
    std::fs::write(
        &copy,
        text.replace(&format!("={program} "), &format!("={here} ")),
    )
    .expect("it can be written");
    let systemd = |words: &[&str]| {
        let output = Command::new("systemd-analyze")
            .args(words)
            .arg(&copy)
            .output();
        let output = output.expect("`systemd-analyze` is missing: install the package `systemd`");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && said.is_empty(),
            "{words:?}: {said}"
        );
    };
    systemd(&["verify"]);
    // Ten times the exposure that it may come to: 2.0 of 10.
    systemd(&["security", "--offline=yes", "--threshold=20", "--no-pager"]);
}

#[test]
fn whoever_stops_us_waits_until_calls_have_ended() {
    let stop: u64 = unit("TimeoutStopSec").parse().expect("seconds");
    assert!(
        Duration::from_secs(stop) >= DRAIN + CHILDREN,
        "systemd: {stop} s"
    );
    let pod = manifest("kubernetes/deployment.yaml")["spec"]["template"]["spec"].take();
    let before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64();
    let stop = pod["terminationGracePeriodSeconds"].as_u64();
    let (before, stop) = (before.expect("seconds"), stop.expect("seconds"));
    assert!(
        Duration::from_secs(stop - before) >= DRAIN + CHILDREN,
        "Kubernetes: {stop} s"
    );
}

/// What each file starts: the arguments of the program.
fn command_lines() -> Vec<(&'static str, Vec<String>)> {
    let mut lines = Vec::new();
    for recipe in RECIPES {
        let text = read(recipe);
        let array = text.lines().find_map(|line| line.strip_prefix("CMD "));
        let array = array.expect("a CMD, of one line");
        lines.push((
            recipe,
            serde_json::from_str(array).expect("an array of texts"),
        ));
    }
    let exec = unit("ExecStart");
    let words = exec.split(' ').skip(1).map(str::to_owned).collect();
    lines.push((UNIT, words));
    let words = container()["args"].take();
    let words: Vec<String> = serde_json::from_value(words).expect("texts");
    let apart = words.iter().flat_map(|word| word.splitn(2, '='));
    let apart = apart.map(str::to_owned).collect();
    lines.push(("kubernetes/deployment.yaml", apart));
    lines
}

/// What containers and pods are asked for by: the arguments of the program.
fn probes() -> Vec<Vec<String>> {
    let container = container();
    let of_pod = ["startupProbe", "readinessProbe", "livenessProbe"];
    let of_pod = of_pod.map(|probe| container[probe]["exec"]["command"].clone());
    let of_image = RECIPES.map(|recipe| {
        let text = read(recipe);
        let check = text.lines().find(|line| line.starts_with("HEALTHCHECK"));
        let (_, array) = check
            .and_then(|line| line.split_once("CMD "))
            .expect("a command");
        serde_json::from_str(array).expect("an array of texts")
    });
    let all = of_pod.into_iter().chain(of_image);
    all.map(|words: Value| {
        let mut words: Vec<String> = serde_json::from_value(words).expect("texts");
        assert!(words.remove(0).ends_with("/mcp-compose"));
        words
    })
    .collect()
}

/// The arguments with what is here in the place of what is there.
fn here(words: &[String], folder: &Path) -> Vec<String> {
    let mut before = "";
    let mut all = Vec::new();
    for word in words {
        all.push(match before {
            "--config" => folder.join("mcp.json").display().to_string(),
            "--auth-token-file" => folder.join("tokens").display().to_string(),
            "--http" | "--admin" => "127.0.0.1:0".to_owned(),
            _ => word.clone(),
        });
        before = word;
    }
    all
}

#[tokio::test]
async fn each_starts_what_it_says_for_those_with_a_token() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let servers = json!({ "mcpServers": { "near": scripted(basic(json!({}))) } });
    std::fs::write(folder.path().join("mcp.json"), servers.to_string()).expect("written");
    std::fs::write(folder.path().join("tokens"), "ann:0123456789abcdef0123\n").expect("written");
    let probes = probes();
    assert_eq!(probes.len(), 5);
    for (file, words) in command_lines() {
        let words = here(&words, folder.path());
        let process = Process::start(command(aggregator()).args(&words));
        let line = process
            .stderr()
            .find(|line| line.contains("serving on http://"));
        let line = patiently(&format!("{file}: the address"), line).await;
        let at = line.find("http://").expect("found just now");
        let url = line[at..].split_whitespace().next().unwrap_or_default();
        let token = [("authorization", "Bearer 0123456789abcdef0123")];
        let client = Raw::with_headers(url, MODERN, json!({}), &token).await;
        client.listed("near_echo").await;
        let stranger = reqwest::Client::new().post(url).body("{}").send().await;
        assert_eq!(stranger.expect("an answer").status(), 401, "{file}");
        let port = url
            .rsplit(':')
            .next()
            .and_then(|rest| rest.split('/').next());
        for words in &probes {
            let words = words.iter().map(|word| match word.as_str() {
                "8808" => port.expect("a port"),
                word => word,
            });
            let output = command(aggregator()).args(words).output().await;
            let output = output.expect("it can be started");
            assert!(output.status.success(), "{output:?}");
        }
        assert!(process.stop().await.success(), "{file}");
    }
}

#[tokio::test]
async fn systemd_is_told_when_clients_are_served_and_when_no_longer() {
    assert_eq!(unit("Type"), "notify");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let name = format!("mcp-compose-tests-{}", std::process::id());
    let hidden = SocketAddr::from_abstract_name(&name).expect("a name");
    let hidden_socket = UnixDatagram::bind_addr(&hidden).expect("a socket");
    for (socket, name) in [
        (socket, path.display().to_string()),
        (hidden_socket, format!("@{name}")),
    ] {
        socket.set_nonblocking(true).expect("it can be set");
        let socket = tokio::net::UnixDatagram::from_std(socket).expect("a socket");
        let told = async || {
            let mut buffer = [0; 64];
            let length = patiently("a word", socket.recv(&mut buffer)).await;
            String::from_utf8_lossy(&buffer[..length.expect("a word")]).into_owned()
        };
        let config = Config::new()
            .child("near", scripted(basic(json!({}))))
            .environment("NOTIFY_SOCKET", &name);
        let (mut serve, _config) = config.serve("127.0.0.1:0");
        let process = Process::start(&mut serve);
        assert_eq!(told().await, "READY=1");
        let ended = process.stop();
        let (told, status) = tokio::join!(told(), ended);
        assert_eq!(told, "STOPPING=1");
        assert!(status.success());
    }
}

#[test]
fn the_composition_of_the_manifests_is_a_good_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mcp.json");
    let map = manifest("kubernetes/config.yaml");
    let text = map["data"]["mcp.json"].as_str().expect("a text");
    // What a pod has in its environment.
    let text = text.replace("${ORDERS_TOKEN}", "token");
    std::fs::write(&path, text).expect("written");
    let composition = Composition::from_file(&path).expect("a composition");
    assert_eq!(composition.check(), []);
}
