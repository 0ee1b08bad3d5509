//! Children: credentials, isolation, failures at the start, and what they are given.

use std::time::{Duration, Instant};

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, scripted, text, tool};
use mcp_compose_tests::system::{eventually, is_connected, processes_with};
use serde_json::{Value, json};

use super::one;

async fn http_child(script: &Value, authorization: Option<&str>) -> HttpChild {
    let script: Script = serde_json::from_str(&script.to_string()).expect("a script");
    HttpChild::start(HttpScript {
        script,
        authorization: authorization.map(str::to_owned),
    })
    .await
}

#[tokio::test]
async fn a32_static_headers_reach_the_child_and_the_callers_token_does_not() {
    for era in ["legacy", "modern"] {
        let child = http_child(&basic(json!({ "era": era })), Some("Bearer child-secret")).await;
        let headers = json!({ "Authorization": "Bearer child-secret", "X-Tenant": "blue" });
        let aggregator = one(json!({ "url": child.url, "headers": headers })).await;
        let own = [
            ("authorization", "Bearer the-callers-own"),
            ("cookie", "session=the-callers-own"),
        ];
        let client = Raw::with_headers(&aggregator.url, LEGACY, json!({}), &own).await;
        assert_eq!(text(&client.call("ns_echo", json!({})).await), "{}");
        let requests = child.headers();
        assert!(!requests.is_empty());
        for headers in requests {
            assert!(
                headers.contains(&("x-tenant".to_owned(), "blue".to_owned())),
                "{headers:?}"
            );
            assert!(
                !format!("{headers:?}").contains("the-callers-own"),
                "{headers:?}"
            );
        }
    }
}

/// A33
#[tokio::test]
async fn a33_each_client_has_its_own_session_where_that_is_asked_for() {
    let script =
        basic(json!({ "tools": [tool("next")], "calls": { "next": { "answer": "counter" } } }));
    for (isolation, wanted) in [
        ("per-client", ["1", "2", "1", "2"]),
        ("shared", ["1", "2", "3", "4"]),
    ] {
        let mut child = scripted(&script);
        child["isolation"] = json!(isolation);
        let aggregator = one(child).await;
        let mut seen = Vec::new();
        for _ in 0..2 {
            let client = Raw::http(&aggregator, LEGACY).await;
            for _ in 0..2 {
                seen.push(text(&client.call("ns_next", json!({})).await).to_owned());
            }
        }
        assert_eq!(seen, wanted, "{isolation}");
    }
}

#[tokio::test]
async fn a33_a_stateless_client_keeps_its_session_by_who_it_is() {
    let script =
        basic(json!({ "tools": [tool("next")], "calls": { "next": { "answer": "counter" } } }));
    let mut child = scripted(&script);
    child["isolation"] = json!("per-client");
    let aggregator = one(child).await;
    let mut seen = Vec::new();
    for round in 0..2 {
        for token in [Some("Bearer alice"), Some("Bearer bob"), None] {
            // Each a connection of its own: only the token says who it is.
            let mut client = Raw::http(&aggregator, MODERN).await;
            if let Some(token) = token {
                client.set_header("authorization", token);
            }
            seen.push(text(&client.call("ns_next", json!({})).await).to_owned());
        }
        let count = (round + 1).to_string();
        assert_eq!(std::mem::take(&mut seen), vec![count; 3]);
    }
}

#[tokio::test]
async fn a33_a_subscription_is_the_clients_own_sessions() {
    let touched =
        json!({ "method": "notifications/resources/updated", "params": { "uri": "note://one" } });
    let script = basic(json!({
        "tools": [tool("touch")],
        "resources": [{ "uri": "note://one", "name": "one" }],
        "calls": { "touch": { "steps": [{ "notify": touched }] } },
    }));
    let uri = "ns://note://one";
    let asking = json!({ "elicitation": {} });
    for (isolation, capabilities) in [("per-client", json!({})), ("auto", asking)] {
        let mut child = scripted(&script);
        child["isolation"] = json!(isolation);
        let aggregator = one(child).await;
        for version in [LEGACY, MODERN] {
            let mut users = Vec::new();
            for token in ["Bearer alice", "Bearer bob"] {
                let own = [("authorization", token)];
                let user =
                    Raw::with_headers(&aggregator.url, version, capabilities.clone(), &own).await;
                users.push(user);
            }
            let mut listening = Vec::new();
            for user in &users {
                listening.push(user.listen(json!({ "resourceSubscriptions": [uri] })).await);
                if version == LEGACY {
                    user.request("resources/subscribe", json!({ "uri": uri }))
                        .await;
                }
            }
            for (toucher, other) in [(0, 1), (1, 0)] {
                let before = users[other].count("notifications/resources/updated");
                let due = users[toucher].count("notifications/resources/updated") + 1;
                users[toucher].call("ns_touch", json!({})).await;
                users[toucher]
                    .notifications("notifications/resources/updated", due)
                    .await;
                users[other].call("ns_echo", json!({})).await;
                let after = users[other].count("notifications/resources/updated");
                assert_eq!(before, after, "{isolation} {version}: another's session");
            }
            drop(listening);
        }
    }
}

/// The aggregator serves its good child in time although the other one is `bad`, and says which one that is.
async fn costs_only_its_own(bad: Value) {
    let shown = bad.to_string();
    let config = Config::new()
        .child("bad", bad)
        .child("good", scripted(basic(json!({}))));
    let started = Instant::now();
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    let modern = Raw::http(&aggregator, MODERN).await;
    assert_eq!(
        text(&client.call("good_echo", json!({ "a": 1 })).await),
        r#"{"a":1}"#
    );
    for client in [&client, &modern] {
        assert_eq!(
            client.names("tools").await,
            ["good_echo", "good_received", "good_process"],
            "{shown}"
        );
    }
    assert!(
        started.elapsed() < Duration::from_secs(25),
        "{shown} took {:?}",
        started.elapsed()
    );
    let refused = client
        .try_request("tools/call", json!({ "name": "bad_echo", "arguments": {} }))
        .await;
    assert!(
        refused.is_err() || refused.is_ok_and(|result| result["isError"] == true),
        "{shown}"
    );
}

/// The same, and the failure is reported with the child's name.
async fn costs_only_its_own_and_is_reported(bad: Value) {
    let config = Config::new()
        .child("bad", bad.clone())
        .child("good", scripted(basic(json!({}))));
    let aggregator = Aggregator::http(&config).await;
    let stderr = aggregator.process.stderr().clone();
    mcp_compose_tests::patiently(
        "a report of the bad child",
        stderr.find(|line| line.contains("bad")),
    )
    .await;
    drop(aggregator);
    costs_only_its_own(bad).await;
}

#[tokio::test]
async fn a36_a_child_that_hangs_at_the_start() {
    costs_only_its_own(scripted(json!({ "silent": true }))).await;
}

#[tokio::test]
async fn a36_a_child_that_exits() {
    costs_only_its_own_and_is_reported(scripted(json!({ "exit": 3 }))).await;
}

#[tokio::test]
async fn a36_a_missing_binary() {
    costs_only_its_own_and_is_reported(json!({ "command": "no-such-program-anywhere" })).await;
}

#[tokio::test]
async fn a36_a_child_that_refuses_the_handshake() {
    let error = json!({ "code": -32000, "message": "not today" });
    costs_only_its_own_and_is_reported(scripted(json!({ "refuse": error }))).await;
}

#[tokio::test]
async fn a36_an_http_child_that_wants_other_credentials() {
    let child = http_child(&basic(json!({})), Some("Bearer other")).await;
    costs_only_its_own_and_is_reported(json!({ "url": child.url })).await;
}

#[tokio::test]
async fn a36_a_closed_port() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let url = format!(
        "http://{}/mcp",
        listener.local_addr().expect("a bound address")
    );
    drop(listener);
    costs_only_its_own_and_is_reported(json!({ "url": url })).await;
}

#[tokio::test]
async fn a36_garbage_on_stdout_is_ignored() {
    let noise = [
        "Starting server...",
        "{\"not\":\"json-rpc\"}",
        "{broken",
        "",
        "[1,2]",
        "null",
    ];
    let script = basic(json!({
        "noise": noise,
        "tools": [tool("noisy")],
        "calls": { "noisy": { "steps": [{ "noise": "more of it" }, { "noise": "{\"id\":1}" }] } },
    }));
    let aggregator = one(scripted(script)).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    assert_eq!(
        text(&client.call("ns_noisy", json!({ "a": 1 })).await),
        r#"{"a":1}"#
    );
    let received = client.call("ns_received", json!({})).await;
    let answers = received["structuredContent"]["messages"]
        .as_array()
        .expect("messages")
        .iter();
    let answers: Vec<_> = answers
        .filter(|message| message.get("method").is_none())
        .collect();
    assert!(answers.is_empty(), "noise was answered: {answers:?}");
}

#[tokio::test]
async fn a36_a_child_that_died_is_started_again_on_the_next_call() {
    let script =
        basic(json!({ "tools": [tool("die")], "calls": { "die": { "steps": [{ "exit": 1 }] } } }));
    let aggregator = one(scripted(script)).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    let started = Instant::now();
    let died = client
        .try_request("tools/call", json!({ "name": "ns_die", "arguments": {} }))
        .await;
    let died = died.expect_err("the child is dead");
    assert!(started.elapsed() < Duration::from_secs(5), "a fast error");
    assert!(
        died["message"]
            .as_str()
            .is_some_and(|said| said.contains("ns")),
        "{died}"
    );
    assert_eq!(died["data"]["mcpCompose"]["child"], "ns", "{died}");
    assert_eq!(died["data"]["mcpCompose"]["delivered"], "maybe", "{died}");
    let back = client.call("ns_echo", json!({ "again": true })).await;
    assert_eq!(text(&back), r#"{"again":true}"#, "the very next call");
}

/// A typed server over HTTP that can be restarted on its port.
struct Restartable;

/// Says hello.
#[mcp_compose::mcp_server]
impl Restartable {
    /// Say hello.
    #[tool(read_only)]
    fn hello(&self) -> &'static str {
        "hello"
    }
}

/// Serves it until the sender is dropped, and every connection with it.
fn serve_restartable(listener: std::net::TcpListener) -> tokio::sync::oneshot::Sender<()> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    listener.set_nonblocking(true).expect("non-blocking");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let router = mcp_compose::compose! { _: Restartable }
                .into_router()
                .expect("a router");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            tokio::select! {
                served = axum::serve(listener, router) => served.expect("served"),
                _ = stopped => {}
            }
        });
    });
    stop
}

#[tokio::test]
async fn a35_an_http_child_that_restarts_costs_no_call() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let first = serve_restartable(listener);
    let aggregator = one(json!({ "url": format!("http://{address}/mcp"), "era": "legacy" })).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    assert_eq!(text(&client.call("ns_hello", json!({})).await), "hello");

    assert!(is_connected(address.port()));
    drop(first);
    // What is written to a connection that is broken, before that is noticed, may have arrived and is not sent again.
    eventually("the connections to be closed", || {
        !is_connected(address.port())
    })
    .await;
    let listener = mcp_compose_tests::patiently("the port to be free", async {
        loop {
            match std::net::TcpListener::bind(address) {
                Ok(listener) => return listener,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    let _second = serve_restartable(listener);
    // Its session is unknown there: one new handshake, and the call is sent again.
    assert_eq!(text(&client.call("ns_hello", json!({})).await), "hello");
}

#[tokio::test]
async fn a39_a_failed_start_leaves_no_process() {
    let mark = format!("a39-{}", std::process::id());
    let refusing = json!({ "refuse": { "code": -32000, "message": mark } });
    let config = Config::new()
        .child("bad", scripted(refusing))
        .child("good", scripted(basic(json!({}))));
    let aggregator = Aggregator::http(&config).await;
    Raw::http(&aggregator, LEGACY).await.names("tools").await;
    eventually("the refused child to be gone", || {
        processes_with(&mark).is_empty()
    })
    .await;
}

#[tokio::test]
async fn a39_no_child_survives_the_aggregator() {
    for kill in [false, true] {
        let mark = format!("a39-{kill}-{}", std::process::id());
        let script = basic(json!({ "instructions": mark }));
        // A shell between us and the child, as `tsx` and `uv` are: the grandchild has to go as well.
        let shell = json!({
            "command": "/bin/sh",
            "args": ["-c", "\"$0\" \"$1\"; :", binary("scripted_child"), script.to_string()],
        });
        let aggregator = one(shell).await;
        Raw::http(&aggregator, LEGACY)
            .await
            .call("ns_echo", json!({}))
            .await;
        assert_eq!(processes_with(&mark).len(), 2, "the shell and the child");
        if kill {
            drop(aggregator);
        } else {
            let status = aggregator.process.stop().await;
            assert!(status.success(), "SIGTERM is a clean end: {status}");
        }
        eventually("all children to be gone", || {
            processes_with(&mark).is_empty()
        })
        .await;
    }
}

#[tokio::test]
async fn a40_a_child_sees_only_the_environment_that_was_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().canonicalize().expect("it exists");
    let mut child = scripted(basic(json!({})));
    child["env"] = json!({ "ASKED_FOR": "yes", "EXPANDED": "${OUTER}-${NOT_SET:-fallback}" });
    child["cwd"] = json!(folder);
    let config = Config::new().child("ns", child);
    let config = config
        .environment("OUTER", "outer")
        .environment("MY_SECRET_TOKEN", "do not pass on");
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    let process = client.call("ns_process", json!({})).await["structuredContent"].clone();
    assert_eq!(process["cwd"], json!(folder));
    let environment = process["env"].as_object().expect("variables");
    assert_eq!(environment["ASKED_FOR"], "yes");
    assert_eq!(environment["EXPANDED"], "outer-fallback");
    let minimal = [
        "PATH", "HOME", "LANG", "LC_ALL", "TERM", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ",
    ];
    for name in environment.keys() {
        // The last is how its processes are found that have left it.
        let asked = ["ASKED_FOR", "EXPANDED", "MCP_COMPOSE_CHILD"].contains(&name.as_str());
        assert!(
            asked || minimal.contains(&name.as_str()),
            "{name} was not asked for"
        );
    }
}
