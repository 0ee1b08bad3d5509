//! The life of children: started, parked, restarted, idle.

use std::os::unix::fs::PermissionsExt as _;

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::patiently;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use mcp_compose_tests::system::{eventually, processes_with};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

async fn served(child: Value) -> (Aggregator, Raw) {
    let aggregator = Aggregator::http(&Config::new().child("ns", child)).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    (aggregator, client)
}

fn with(mut child: Value, options: Value) -> Value {
    let Value::Object(options) = options else {
        panic!("options are an object")
    };
    for (key, value) in options {
        child[key] = value;
    }
    child
}

/// The error of a call.
async fn refused(client: &Raw, name: &str) -> Value {
    let params = json!({ "name": name, "arguments": {} });
    let answer = client.try_request("tools/call", params).await;
    answer.expect_err("the call cannot be served")
}

/// The error of a call, once it is told that the child is parked.
async fn parked(client: &Raw, name: &str) -> Value {
    let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
    patiently("the child to be parked", async {
        loop {
            let error = refused(client, name).await;
            if said(&error).contains("it is parked") {
                return error;
            }
            look.tick().await;
        }
    })
    .await
}

fn said(error: &Value) -> &str {
    error["message"].as_str().expect("a message")
}

fn ours(error: &Value) -> &Value {
    &error["data"]["mcpCompose"]
}

/// The process of the child's session for all clients.
async fn pid(client: &Raw) -> Pid {
    let process = client.call("ns_process", json!({})).await;
    let pid = process["structuredContent"]["pid"].as_i64();
    Pid::from_raw(i32::try_from(pid.expect("a pid")).expect("a pid fits"))
}

async fn is_gone(pid: Pid) {
    eventually("the process to be gone", || kill(pid, None).is_err()).await;
}

/// A child that can be told to end, at once or after its answer.
fn mortal(era: &str) -> Value {
    scripted(basic(json!({
        "era": era,
        "tools": [tool("die"), tool("bye"), tool("wait"), tool("hang"), tool("tell")],
        "resources": [{ "uri": "x://a", "name": "a" }],
        "calls": {
            "die": { "steps": [{ "exit": 1 }] },
            "bye": { "steps": [{ "later": [{ "exit": 0 }] }] },
            "wait": { "steps": ["until_released"] },
            "hang": { "steps": ["until_cancelled"] },
            "tell": { "steps": [{ "notify": { "method": "notifications/resources/updated", "params": { "uri": "x://a" } } }] },
        },
    })))
}

#[tokio::test]
async fn a01_a_program_that_cannot_be_started_costs_only_its_own_calls() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8], mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("it can be written");
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, rights).expect("it is ours");
        path
    };
    let config = Config::new()
        .child(
            "missing",
            json!({ "command": folder.path().join("nowhere") }),
        )
        .child(
            "text",
            json!({ "command": file("text", b"only text", 0o644) }),
        )
        .child(
            "foreign",
            json!({ "command": file("foreign", b"\x7fELF\x02\x01\x01 of another machine", 0o755) }),
        )
        .child(
            "orphan",
            json!({ "command": file("orphan", b"#!/no/such/interpreter\n", 0o755) }),
        )
        .child(
            "lost",
            json!({ "command": "sh", "cwd": folder.path().join("no-folder") }),
        )
        .child("good", scripted(basic(json!({}))));
    let aggregator = Aggregator::http(&config).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        let good = client.call("good_echo", json!({ "a": 1 })).await;
        assert_eq!(text(&good), r#"{"a":1}"#);
        for (child, what) in [
            (
                "missing",
                "nowhere` was not found: No such file or directory (os error 2)",
            ),
            (
                "text",
                "text` may not be executed: Permission denied (os error 13)",
            ),
            ("foreign", "foreign"),
            ("orphan", "orphan"),
            ("lost", "no-folder"),
        ] {
            let error = refused(&client, &format!("{child}_anything")).await;
            assert_eq!(ours(&error)["reason"], "child_start_failed", "{error}");
            assert_eq!(ours(&error)["child"], child, "{error}");
            assert_eq!(ours(&error)["delivered"], "no", "{error}");
            assert!(said(&error).contains(what), "{error}");
        }
        let error = refused(&client, "missing_anything").await;
        assert!(said(&error).contains("it is parked"), "{error}");
        assert!(ours(&error)["retryAfterMs"].is_u64(), "{error}");
    }
}

#[tokio::test]
async fn a02_a_child_that_ends_at_every_start_is_parked_and_says_why_without_secrets() {
    let program = r#"echo "cannot read the database" >&2; echo "token $TOKEN" >&2; exit 3"#;
    let child = json!({
        "command": "/bin/sh", "args": ["-c", program], "env": { "TOKEN": "canary-s3cret" },
    });
    let (aggregator, client) = served(child).await;
    let error = parked(&client, "ns_query").await;
    assert_eq!(ours(&error)["reason"], "child_start_failed", "{error}");
    assert!(
        said(&error).contains("after 5 failures in a row"),
        "{error}"
    );
    let last = "it exited (code 3); it last wrote to stderr: cannot read the database | token ***;";
    assert!(said(&error).contains(last), "{error}");
    let wait = ours(&error)["retryAfterMs"].as_u64().expect("a time");
    assert!(wait <= 60_000, "{error}");
    let log = aggregator.process.stderr().all().join("\n");
    assert!(
        log.contains("did not start") && log.contains("parked"),
        "{log}"
    );
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test]
async fn a03_a_child_that_hangs_in_its_handshake_is_killed_at_the_bound() {
    let mark = format!("a03-{}", std::process::id());
    let child = scripted(json!({ "silent": true, "instructions": mark }));
    let (_aggregator, client) =
        served(with(child, json!({ "initTimeout": 0.3, "grace": 0.1 }))).await;
    let error = parked(&client, "ns_query").await;
    assert!(
        said(&error).contains("did not answer within 0.3 s"),
        "{error}"
    );
    assert_eq!(ours(&error)["reason"], "child_start_failed", "{error}");
    assert!(processes_with(&mark).is_empty());
}

#[tokio::test]
async fn a04_a_child_that_refuses_every_version_is_parked_with_what_it_said() {
    let refusal = json!({ "code": -32602, "message": "only 1999-01-01 here" });
    let (_aggregator, client) = served(scripted(json!({ "refuse": refusal }))).await;
    let error = parked(&client, "ns_query").await;
    assert!(said(&error).contains("only 1999-01-01 here"), "{error}");
}

#[tokio::test]
async fn a05_a_child_that_ends_between_calls_is_back_and_its_lists_were_never_gone() {
    for era in ["legacy", "modern"] {
        let (_aggregator, client) = served(mortal(era)).await;
        let before = client.names("tools").await;
        let first = pid(&client).await;
        // Its answer may be lost with it.
        let bye = json!({ "name": "ns_bye", "arguments": {} });
        let _ = client.try_request("tools/call", bye).await;
        is_gone(first).await;
        assert_eq!(client.names("tools").await, before);
        assert_ne!(pid(&client).await, first);
        assert_eq!(client.names("tools").await, before);
        assert_eq!(client.count("notifications/tools/list_changed"), 0);
    }
}

#[tokio::test]
async fn a06_calls_in_flight_when_a_child_ends_fail_with_it_and_are_not_made_again() {
    for version in [LEGACY, MODERN] {
        let aggregator = Aggregator::http(&Config::new().child("ns", mortal("legacy"))).await;
        let client = Raw::http(&aggregator, version).await;
        let mut calls = Vec::new();
        for _ in 0..10 {
            let params = json!({ "name": "ns_wait", "arguments": {} });
            calls.push(client.start("tools/call", params).await);
        }
        // It has them all.
        let wanted = json!({ "method": "tools/call", "count": 11 });
        client.call("ns_received", wanted).await;
        let died = refused(&client, "ns_die").await;
        let mut errors = vec![died];
        for call in calls {
            errors.push(patiently("an error", call.answer()).await.value["error"].clone());
        }
        for error in errors {
            assert_eq!(ours(&error)["reason"], "child_exited", "{error}");
            assert_eq!(ours(&error)["delivered"], "maybe", "{error}");
            assert!(ours(&error)["retryAfterMs"].is_u64(), "{error}");
            let said = said(&error);
            for part in [
                "child \"ns\": it exited (code 1)",
                "may have taken effect",
                "it is being restarted; retry in ",
            ] {
                assert!(said.contains(part), "{error}");
            }
        }
        let received = client
            .call("ns_received", json!({ "method": "tools/call" }))
            .await;
        let messages = received["structuredContent"]["messages"].as_array();
        assert_eq!(messages.expect("messages").len(), 1, "{received}");
    }
}

async fn stalls_and_comes_back(era: &str) {
    let child = with(mortal(era), json!({ "timeout": 1, "grace": 0.1 }));
    let (_aggregator, client) = served(child).await;
    let first = pid(&client).await;
    kill(first, Signal::SIGSTOP).expect("it runs");
    for _ in 0..3 {
        let error = refused(&client, "ns_echo").await;
        assert_eq!(ours(&error)["reason"], "child_timeout", "{error}");
        assert_eq!(ours(&error)["delivered"], "maybe", "{error}");
    }
    is_gone(first).await;
    assert_ne!(pid(&client).await, first);
}

#[tokio::test]
async fn a15_a_child_that_stalls_is_killed_and_started_again() {
    tokio::join!(
        stalls_and_comes_back("legacy"),
        stalls_and_comes_back("modern")
    );
}

#[tokio::test]
async fn d12_calls_that_time_out_beside_one_that_makes_progress_cost_the_child_nothing() {
    let progress = |n: u32| {
        [
            json!({ "progress": { "progress": n } }),
            json!({ "pause_ms": 300 }),
        ]
    };
    let script = basic(json!({
        "tools": [tool("long"), tool("hang")],
        "calls": {
            "hang": { "steps": ["until_cancelled"] },
            "long": { "steps": (1..15).flat_map(progress).collect::<Vec<_>>() },
        },
    }));
    let (_aggregator, client) = served(with(scripted(script), json!({ "timeout": 1 }))).await;
    let first = pid(&client).await;
    let params = json!({ "name": "ns_long", "arguments": {}, "_meta": { "progressToken": "p" } });
    let long = client.start("tools/call", params).await;
    for _ in 0..3 {
        let error = refused(&client, "ns_hang").await;
        assert_eq!(ours(&error)["reason"], "child_timeout", "{error}");
    }
    let answer = patiently("the long call", long.answer()).await.value;
    assert!(answer.get("error").is_none(), "{answer}");
    // Nor do calls that time out alone, where the child still answers a ping.
    for _ in 0..4 {
        refused(&client, "ns_hang").await;
    }
    assert_eq!(pid(&client).await, first);
}

#[tokio::test]
async fn a30_a_call_to_a_child_that_was_just_killed_waits_for_the_next_one() {
    for era in ["legacy", "modern"] {
        let (_aggregator, client) = served(mortal(era)).await;
        for round in 0..3 {
            let process = pid(&client).await;
            kill(process, Signal::SIGKILL).expect("it runs");
            is_gone(process).await;
            let echo = client.call("ns_echo", json!({ "round": round })).await;
            assert_eq!(text(&echo), format!(r#"{{"round":{round}}}"#));
        }
    }
}

#[tokio::test]
async fn a30_a_call_to_a_parked_child_fails_at_once() {
    let (_aggregator, client) = served(mortal("legacy")).await;
    for _ in 0..5 {
        let error = refused(&client, "ns_die").await;
        assert_eq!(ours(&error)["reason"], "child_exited", "{error}");
    }
    let error = parked(&client, "ns_echo").await;
    assert_eq!(ours(&error)["reason"], "child_unavailable", "{error}");
    assert_eq!(ours(&error)["delivered"], "no", "{error}");
    assert!(
        ours(&error)["retryAfterMs"]
            .as_u64()
            .is_some_and(|ms| ms > 0),
        "{error}"
    );
    // What it offers is still listed.
    assert!(client.names("tools").await.contains(&"ns_echo".to_owned()));
}

#[tokio::test]
async fn a31_a_child_that_nobody_needs_has_no_process_and_keeps_its_lists() {
    let mark = format!("a31-{}", std::process::id());
    let script = basic(json!({ "instructions": mark }));
    let (_aggregator, client) = served(with(scripted(script), json!({ "idleStop": 0.5 }))).await;
    let first = pid(&client).await;
    is_gone(first).await;
    assert!(client.names("tools").await.contains(&"ns_echo".to_owned()));
    assert!(processes_with(&mark).is_empty(), "a list starts nothing");
    assert_ne!(pid(&client).await, first);
    assert_eq!(client.count("notifications/tools/list_changed"), 0);
}

#[tokio::test]
async fn a05_what_a_session_had_been_told_the_next_one_is_told_again() {
    for era in ["legacy", "modern"] {
        let aggregator = Aggregator::http(&Config::new().child("ns", mortal(era))).await;
        let old = Raw::http(&aggregator, LEGACY).await;
        let new = Raw::http(&aggregator, MODERN).await;
        old.request("logging/setLevel", json!({ "level": "error" }))
            .await;
        old.request("resources/subscribe", json!({ "uri": "ns://x://a" }))
            .await;
        let _listening = new
            .listen(json!({ "resourceSubscriptions": ["ns://x://a"], "toolsListChanged": true }))
            .await;
        let process = pid(&old).await;
        kill(process, Signal::SIGKILL).expect("it runs");
        is_gone(process).await;
        let expected = match era {
            "legacy" => vec!["resources/subscribe", "logging/setLevel"],
            _ => vec!["subscriptions/listen"],
        };
        for method in expected {
            let wanted = json!({ "method": method, "count": 1 });
            let received = old.call("ns_received", wanted).await;
            let messages = received["structuredContent"]["messages"].to_string();
            let told = ["x://a", "error"]
                .iter()
                .any(|what| messages.contains(what));
            assert!(told, "{era} {method}: {messages}");
        }
        old.call("ns_tell", json!({})).await;
        for client in [&old, &new] {
            let about = |params: &Value| params["uri"] == "ns://x://a";
            client
                .notification("notifications/resources/updated", about)
                .await;
            assert_eq!(client.count("notifications/tools/list_changed"), 0, "{era}");
        }
    }
}
