//! Secrets stay where they belong: in a run with everything that goes well and wrong, at the most verbose level of the
//! log, each of the values of `sinks::CANARIES` is looked for in all that the aggregator writes, says and starts.

mod library;
mod scene;
mod sinks;

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted};
use serde_json::{Value, json};
use tokio::process::Command;

use self::scene::{Scene, capabilities, client_headers};
use self::sinks::{CANARIES, Sinks, canary};

/// What may be found where: the values of the client in what it is told, those of children in what they get.
const BELONGS: [(&str, &str); 15] = [
    ("argument", "client"),
    ("argument", "child"),
    ("result", "client"),
    ("wrong-argument", "client"),
    ("failing-argument", "child"),
    ("prompt-argument", "client"),
    ("prompt-argument", "child"),
    ("uri", "client"),
    ("uri", "child"),
    // `Mcp-Name` repeats it.
    ("uri", "headers of children"),
    ("answer", "child"),
    ("state", "child"),
    ("env", "environment of pipe"),
    ("env-variable", "environment of pipe"),
    ("error", "client"),
];

#[tokio::test]
async fn p13_secrets_stay_where_they_belong_over_http() {
    for version in [LEGACY, MODERN] {
        let scene = Scene::new().await;
        let aggregator = Aggregator::http(&scene.config()).await;
        // A secret in the address of a client is its own to lose, but not ours to log.
        let url = format!("{}?key={}", aggregator.url, canary("client-query"));
        let headers = client_headers();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let client = Raw::with_headers(&url, version, capabilities(), &headers).await;
        let mut sinks = Sinks::default();
        scene.play(&client, &mut sinks).await;
        sinks.processes(aggregator.process.pid());
        client.close().await;
        let stderr = aggregator.process.stderr().clone();
        aggregator.process.stop().await;
        let log = stderr.all().join("\n");
        assert!(
            log.contains(" DEBUG "),
            "it is as verbose as it can be: {log}"
        );
        sinks.add("log", &log);
        assert_belongs(&sinks, version);
        scene.assert_arrived(&sinks);
    }
}

#[tokio::test]
async fn p13_secrets_stay_where_they_belong_over_stdio() {
    for version in [LEGACY, MODERN] {
        let scene = Scene::new().await;
        let command = StdioCommand::new(&scene.config());
        let process = command.start();
        let (stderr, pid) = (process.stderr().clone(), process.pid());
        let client = Raw::process_with(process, version, capabilities()).await;
        let mut sinks = Sinks::default();
        scene.play(&client, &mut sinks).await;
        sinks.processes(pid);
        client.close().await;
        sinks.add("log", &stderr.all().join("\n"));
        assert_belongs(&sinks, version);
        scene.assert_arrived(&sinks);
    }
}

/// `list` and `call` print what a client gets, and no more.
#[tokio::test]
async fn p13_the_command_line_shows_no_secrets() {
    let scene = Scene::new().await;
    let config = scene.config();
    let arguments = json!({ "secret": canary("argument") });
    for ((command, folder), shown) in [
        (config.list(), "pipe_echo"),
        (config.call("pipe_echo", &arguments), "argument"),
        (config.call("pipe_crash", &json!({})), "pipe"),
    ] {
        let told = output(command).await;
        drop(folder);
        assert!(told.contains(shown), "{told}");
        let mut sinks = Sinks::default();
        // The arguments stand on the command line that a person wrote.
        sinks.add("client", &told);
        assert_belongs(&sinks, "command line");
    }
}

/// What is wrong with a file is told with its place, not with its values.
#[tokio::test]
async fn p13_mistakes_in_a_file_show_no_secrets() {
    let secret = canary("file");
    let wrong: [(Value, &str); 7] = [
        (
            json!({ "url": "http://127.0.0.1:1/mcp", "headers": { "Authorization": format!("Bearer {secret}\n") } }),
            "header",
        ),
        (
            json!({ "url": "http://127.0.0.1:1/mcp", "headers": { "a b": secret } }),
            "header",
        ),
        (
            json!({ "url": format!("htp://user:{secret}@host/?key={secret}#{secret}") }),
            "URL",
        ),
        (json!({ "url": format!("http://user:{secret}@") }), "URL"),
        (
            json!({ "command": "/bin/cat", "env": { "A": format!("{secret}\0") } }),
            "did not start",
        ),
        (json!({ "command": "x", "env": { "A": [secret] } }), "env"),
        (
            json!({ "command": "x", "apiToken": secret, "timeout": secret, "bearerToken": secret }),
            "timeout",
        ),
    ];
    for (entry, place) in wrong {
        let config = Config::new()
            .child("wrong", entry.clone())
            .environment("MCP_COMPOSE_LOG", "trace");
        let (command, _folder) = config.list();
        let told = output(command).await;
        assert!(told.contains(place), "{entry}: {told}");
        assert!(!told.contains(&secret), "{entry}: {told}");
    }
}

/// The test itself can tell: what a child prints that nobody declared as a secret is in our log.
#[tokio::test]
async fn p13_a_leak_is_found() {
    let script = basic(json!({})).to_string();
    let child = scripted(&script);
    // What is declared as a child's environment would be left out of its stderr.
    let leak = format!("echo {} >&2; exec \"$0\" \"$1\"", canary("env"));
    let entry = json!({
        "command": "/bin/sh",
        "args": ["-c", leak, child["command"], script],
    });
    let config = Config::new()
        .child("pipe", entry)
        .environment("MCP_COMPOSE_LOG", "trace");
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, MODERN).await;
    client.listed("pipe_echo").await;
    let mut sinks = Sinks::default();
    sinks.processes(aggregator.process.pid());
    let stderr = aggregator.process.stderr().clone();
    aggregator.process.stop().await;
    sinks.add("log", &stderr.all().join("\n"));
    assert!(
        sinks.hits().contains(&("env", "log".to_owned())),
        "{:?}",
        sinks.hits()
    );
    for name in CANARIES {
        let mut sinks = Sinks::default();
        sinks.add("log", &format!("Authorization: {}", canary(name)));
        assert_eq!(sinks.hits(), [(name, "log".to_owned())]);
    }
}

fn assert_belongs(sinks: &Sinks, what: &str) {
    let leaks: Vec<_> = sinks
        .hits()
        .into_iter()
        .filter(|(canary, sink)| !BELONGS.contains(&(*canary, sink.as_str())))
        .collect();
    assert!(
        leaks.is_empty(),
        "{what}: {leaks:?}\n{}",
        sinks.shown(&leaks)
    );
}

async fn output(mut command: Command) -> String {
    let output = mcp_compose_tests::patiently("the command", command.output()).await;
    let output = output.expect("it can be started");
    let told = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&told).into_owned()
}
