//! What HTTP servers answer that they should not.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, text, tool};
use mcp_compose_tests::system::eventually;
use serde_json::{Value, json};

async fn child(script: Value) -> HttpChild {
    let script: Script = serde_json::from_str(&basic(script).to_string()).expect("a script");
    HttpChild::start(HttpScript {
        script,
        authorization: None,
    })
    .await
}

/// An aggregator with this child as `ns`, and a client of it.
async fn relayed(child: &HttpChild, more: Value, version: &str) -> (Aggregator, Raw) {
    let mut entry = json!({ "url": child.url });
    let entry_members = entry.as_object_mut().expect("an object");
    entry_members.extend(more.as_object().expect("an object").clone());
    let aggregator = Aggregator::http(&Config::new().child("ns", entry)).await;
    let client = Raw::http(&aggregator, version).await;
    (aggregator, client)
}

/// What the aggregator says about the failure of a call.
async fn failure(client: &Raw, tool: &str) -> Value {
    let params = json!({ "name": tool, "arguments": {} });
    let error = client.try_request("tools/call", params).await;
    error.expect_err("the call fails")["data"]["mcpCompose"].clone()
}

fn calls(message: &Value, tool: &str) -> bool {
    message["method"] == "tools/call" && message["params"]["name"] == tool
}

fn status(code: u16) -> Response {
    StatusCode::from_u16(code)
        .expect("a status")
        .into_response()
}

/// A body of this type that goes on as long as somebody reads it; `open` counts those that are read.
fn endless(
    kind: &'static str,
    start: String,
    pause: Duration,
    rest: &str,
    open: &Arc<AtomicUsize>,
) -> Response {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    open.fetch_add(1, Ordering::SeqCst);
    let counted = Counted(Arc::clone(open));
    let rest = rest.to_owned();
    let rest = futures_util::stream::unfold(counted, move |counted| {
        let rest = rest.clone();
        async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            Some((rest, counted))
        }
    });
    let stream = futures_util::stream::iter([start]).chain(rest);
    let body = Body::from_stream(stream.map(Ok::<_, Infallible>));
    ([("content-type", kind)], body).into_response()
}

fn events(text: &str) -> Response {
    ([("content-type", "text/event-stream")], text.to_owned()).into_response()
}

#[tokio::test]
async fn b01_the_401_of_a_server_is_ours_and_not_the_clients() {
    for era in ["legacy", "modern"] {
        let child = child(json!({ "era": era })).await;
        let (aggregator, client) = relayed(&child, json!({}), MODERN).await;
        child.answer_with(|_, message| {
            let error = json!({ "jsonrpc": "2.0", "id": message["id"], "error": { "code": -32001, "message": "Unauthorized" } });
            let answer = (
                StatusCode::UNAUTHORIZED,
                [("content-type", "application/json"), ("www-authenticate", "Bearer resource_metadata=\"http://elsewhere/\"")],
                error.to_string(),
            );
            calls(message, "echo").then(|| answer.into_response())
        });
        let failure = failure(&client, "ns_echo").await;
        assert_eq!(failure["reason"], "upstream_auth", "{era}: {failure}");
        assert_eq!(failure["delivered"], "no");
        // The same once more, to see the whole answer.
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } } });
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let post = |body: String| {
            http.post(&aggregator.url)
                .header("content-type", "application/json")
                .header("accept", "application/json, text/event-stream")
                .body(body)
        };
        let hello = post(body.to_string()).send().await.expect("an answer");
        let session = hello.headers()["mcp-session-id"].clone();
        let body = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "ns_echo", "arguments": {} } });
        let answer = post(body.to_string())
            .header("mcp-session-id", session)
            .send()
            .await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200, "{era}");
        assert!(!answer.headers().contains_key("www-authenticate"));
        assert!(answer.text().await.expect("text").contains("upstream_auth"));
    }
}

#[tokio::test]
async fn b01_b02_a_handshake_that_is_refused_is_told_as_that_and_not_as_a_failed_start() {
    for (code, restart) in [
        (401, json!("always")),
        (403, json!("always")),
        (401, json!("never")),
    ] {
        let child = child(json!({})).await;
        child.fail_with(code);
        let more = json!({ "restart": restart });
        let (_aggregator, client) = relayed(&child, more, MODERN).await;
        let failure = failure(&client, "ns_echo").await;
        assert_eq!(failure["reason"], "upstream_auth", "{code}: {failure}");
        assert_eq!(failure["delivered"], "no", "{code}: {failure}");
    }
}

#[tokio::test]
async fn b03_a_session_that_is_forgotten_is_begun_once_and_no_call_is_lost() {
    let child = child(json!({})).await;
    let (_aggregator, client) = relayed(&child, json!({}), LEGACY).await;
    client.call("ns_echo", json!({})).await;
    let before = child.sessions_opened();
    child.forget_sessions();
    let all = (0..50).map(|n| {
        let client = &client;
        async move {
            let nonce = json!({ "nonce": n }).to_string();
            let result = client.call("ns_echo", json!({ "nonce": n })).await;
            assert_eq!(text(&result), nonce);
        }
    });
    futures_util::future::join_all(all).await;
    assert_eq!(child.sessions_opened(), before + 1);
}

#[tokio::test]
async fn b05_a_server_that_wants_fewer_requests_gets_none_and_clients_learn_when_to_come_again() {
    let child = child(json!({ "era": "modern" })).await;
    let (_aggregator, client) = relayed(&child, json!({}), MODERN).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    child.answer_with(move |_, message| {
        if message["method"] != "tools/call" {
            return None;
        }
        counted.fetch_add(1, Ordering::SeqCst);
        Some((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]).into_response())
    });
    for _ in 0..10 {
        let failure = failure(&client, "ns_echo").await;
        assert_eq!(failure["reason"], "overloaded", "{failure}");
        assert_eq!(failure["delivered"], "no");
        let after = failure["retryAfterMs"].as_u64().expect("a time");
        assert!((3_500_000..=3_600_000).contains(&after), "{after}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn b06_a_server_that_fails_is_left_alone_and_others_are_not() {
    let sick = child(json!({ "era": "modern" })).await;
    let well = child(json!({ "era": "modern" })).await;
    let config = Config::new()
        .child("sick", json!({ "url": sick.url }))
        .child("well", json!({ "url": well.url }));
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, MODERN).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    sick.answer_with(move |_, message| {
        if message["method"] != "tools/call" {
            return None;
        }
        counted.fetch_add(1, Ordering::SeqCst);
        Some(status(503))
    });
    for n in 0..20 {
        let failure = failure(&client, "sick_echo").await;
        assert_eq!(failure["reason"], "child_unavailable", "{failure}");
        let delivered = if n < 5 { "maybe" } else { "no" };
        assert_eq!(failure["delivered"], delivered, "{n}: {failure}");
        assert_eq!(failure["retryAfterMs"].is_u64(), n >= 5, "{failure}");
        client.call("well_echo", json!({})).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn b06_no_session_is_begun_for_a_client_at_a_server_that_is_left_alone() {
    let child = child(json!({})).await;
    let (aggregator, client) = relayed(&child, json!({ "isolation": "per-client" }), LEGACY).await;
    client.call("ns_echo", json!({})).await;
    child.answer_with(|_, message| calls(message, "echo").then(|| status(502)));
    for _ in 0..5 {
        let failure = failure(&client, "ns_echo").await;
        assert_eq!(failure["delivered"], "maybe", "{failure}");
    }
    let before = child.sessions_opened();
    let other = Raw::http(&aggregator, LEGACY).await;
    let failure = failure(&other, "ns_echo").await;
    assert_eq!(failure["reason"], "child_unavailable", "{failure}");
    assert_eq!(failure["delivered"], "no", "{failure}");
    assert!(failure["retryAfterMs"].is_u64(), "{failure}");
    assert_eq!(child.sessions_opened(), before);
}

#[tokio::test]
async fn b11_t22_headers_go_to_the_origin_that_they_were_set_for() {
    let elsewhere = child(json!({ "era": "modern" })).await;
    let child = child(json!({ "era": "modern" })).await;
    let secret = "canary-for-one-origin";
    let headers =
        json!({ "headers": { "Authorization": format!("Bearer {secret}"), "X-Key": secret } });
    let (_aggregator, client) = relayed(&child, headers, MODERN).await;
    for code in [301, 302, 303, 307, 308] {
        let target = elsewhere.url.clone();
        child.answer_with(move |_, message| {
            let to = [("location", target.clone())];
            let code = StatusCode::from_u16(code).expect("a status");
            calls(message, "echo").then(|| (code, to).into_response())
        });
        let params = json!({ "name": "ns_echo", "arguments": {} });
        let error = client
            .try_request("tools/call", params)
            .await
            .expect_err("it fails");
        assert_eq!(
            error["data"]["mcpCompose"]["reason"],
            "child_protocol_error"
        );
        let message = error["message"].as_str().expect("text");
        let origin = elsewhere.url.trim_end_matches("/mcp");
        assert!(
            message.contains(origin) && !message.contains("/mcp"),
            "{message}"
        );
    }
    assert_eq!(elsewhere.headers().len(), 0);
}

/// The largest amount of memory that a process has had so far, in KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let value = line.expect("VmHWM").trim().trim_end_matches(" kB");
    value.parse().expect("a number")
}

#[tokio::test]
async fn b10_b13_an_answer_without_an_end_is_cut_and_costs_no_more_memory_than_the_bound() {
    let open = Arc::new(AtomicUsize::new(0));
    let child = child(json!({ "era": "modern", "tools": [tool("event"), tool("body")] })).await;
    let counted = Arc::clone(&open);
    let chunk = "x".repeat(64 * 1024);
    child.answer_with(move |_, message| {
        let (kind, start) = match message["params"]["name"].as_str()? {
            "event" => ("text/event-stream", "data: \""),
            "body" => ("application/json", "\""),
            _ => return None,
        };
        Some(endless(
            kind,
            start.to_owned(),
            Duration::ZERO,
            &chunk,
            &counted,
        ))
    });
    let (aggregator, client) = relayed(&child, json!({}), MODERN).await;
    let before = peak_kib(aggregator.process.pid());
    for tool in ["ns_event", "ns_body"] {
        let failure = failure(&client, tool).await;
        assert_eq!(failure["reason"], "result_too_large", "{tool}: {failure}");
    }
    let after = peak_kib(aggregator.process.pid());
    // Twice the 16 MiB that are allowed, and what a buffer grows by.
    assert!(after - before < 80 * 1024, "{before} KiB, then {after} KiB");
    eventually("the connections are dropped", || {
        open.load(Ordering::SeqCst) == 0
    })
    .await;
}

#[tokio::test]
async fn p02_b08_b10_nothing_that_a_server_does_makes_a_call_outlive_its_deadline() {
    let tools = [
        "silent", "head", "drip", "noise", "foreign", "cut", "later", "progress",
    ];
    for era in ["legacy", "modern"] {
        let script = json!({ "era": era, "tools": tools.map(tool) });
        let child = child(script).await;
        let limits = json!({ "timeout": 1, "maxTimeout": 2 });
        let (_aggregator, client) = relayed(&child, limits, MODERN).await;
        let open = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&open);
        child.answer_with(move |headers, message| {
            let again = headers.contains_key("last-event-id");
            let name = match message["params"]["name"].as_str() {
                None if again => "cut",
                None => return None,
                Some(name) => name,
            };
            let (json, stream) = ("application/json", "text/event-stream");
            let slowly = Duration::from_millis(100);
            let long = Duration::from_secs(3600);
            let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                "params": { "progressToken": message["params"]["_meta"]["progressToken"], "progress": 1 } });
            let other = r#"{"jsonrpc":"2.0","id":999999,"result":{}}"#;
            Some(match name {
                "silent" => return Some(endless(json, String::new(), long, "", &counted)),
                "head" => endless(stream, "id: 1\n\n".to_owned(), long, "", &counted),
                "drip" => endless(json, "{".to_owned(), slowly, " ", &counted),
                "noise" => endless(stream, String::new(), Duration::from_millis(1), ": noise\n\n", &counted),
                "foreign" => endless(stream, String::new(), slowly, &format!("data: {other}\n\n"), &counted),
                "progress" => endless(stream, String::new(), slowly, &format!("data: {progress}\n\n"), &counted),
                "cut" => events("id: 1\nretry: 0\ndata:\n\n"),
                "later" => events("id: 1\nretry: 100000000\ndata:\n\n"),
                _ => return None,
            })
        });
        let began = Instant::now();
        let all = tools.map(|tool| {
            let client = &client;
            async move {
                let params = json!({ "name": format!("ns_{tool}"), "arguments": {}, "_meta": { "progressToken": tool } });
                let error = client.try_request("tools/call", params).await;
                let error = error.expect_err("the call fails");
                let failure = &error["data"]["mcpCompose"];
                // A modern stream that is cut is lost at once.
                let lost = matches!(tool, "cut" | "later") && era == "modern";
                let reason = if lost { "child_exited" } else { "child_timeout" };
                assert_eq!(failure["reason"], reason, "{era} {tool}: {error}");
                assert_eq!(failure["delivered"], "maybe", "{era} {tool}: {error}");
            }
        });
        futures_util::future::join_all(all).await;
        // The deadline, and enough for a machine that is busy.
        assert!(
            began.elapsed() < Duration::from_secs(12),
            "{:?}",
            began.elapsed()
        );
        eventually("the connections are dropped", || {
            open.load(Ordering::SeqCst) == 0
        })
        .await;
        client.call("ns_echo", json!({})).await;
    }
}

#[tokio::test]
async fn s13_what_headers_say_to_a_child_is_made_from_the_body_that_it_gets() {
    for era in ["legacy", "modern"] {
        let child = child(json!({ "era": era })).await;
        let (aggregator, mut client) = relayed(&child, json!({}), MODERN).await;
        for (name, value) in [
            ("x-inbound", "canary"),
            ("mcp-param-evil", "canary"),
            ("mcp-session-id", "canary"),
            ("cookie", "canary"),
        ] {
            client.set_header(name, value);
        }
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        child.answer_with(move |headers, message| {
            noted
                .lock()
                .expect("not poisoned")
                .push((headers.clone(), message.clone()));
            None
        });
        client.call("ns_echo", json!({ "a": 1 })).await;
        let seen = seen.lock().expect("not poisoned");
        let (headers, _) = seen
            .iter()
            .find(|(_, message)| calls(message, "echo"))
            .expect("the call");
        assert!(!format!("{headers:?}").contains("canary"), "{headers:?}");
        let named = |name: &str| headers.get(name).map(|value| value.to_str().expect("text"));
        let modern = era == "modern";
        assert_eq!(named("mcp-name"), modern.then_some("echo"));
        assert_eq!(named("mcp-method"), modern.then_some("tools/call"));
        let version = if modern { MODERN } else { LEGACY };
        assert_eq!(named("mcp-protocol-version"), Some(version));
        drop(aggregator);
    }
}

#[tokio::test]
async fn t13_uris_reach_their_child_byte_for_byte() {
    let uris = [
        "file:///srv/../etc/passwd",
        "file:///srv/%2e%2e/etc/passwd",
        "file:///srv/%252e%252e/etc",
        "file:///srv//double",
        "file:///srv/./here",
        "file:///srv/a\\b",
        "FILE:///Upper/Case%2Fslash%2fslash",
        "notes://a/b?x=1&y=%26#frag",
        "notes://a",
        "notes://a/",
        "notes:a:b:c",
        "notes://[::1]/x",
        "notes://user:pw@host:1/x",
        "notes://é/世界",
        "notes://xn--9ca/%E4%B8%96",
        "notes://a/ b",
        "notes://a/+%20+",
        "notes://a/%00",
        "notes://a/%zz",
        "weather://app://settings",
        "ns://ns://twice",
        "urn:uuid:0",
    ];
    for era in ["legacy", "modern"] {
        let resources: Vec<Value> = uris
            .iter()
            .map(|uri| json!({ "uri": uri, "name": uri }))
            .collect();
        let child = child(json!({ "era": era, "resources": resources })).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        child.answer_with(move |_, message| {
            if message["method"] != "resources/read" {
                return None;
            }
            let uri = message["params"]["uri"].as_str().expect("text").to_owned();
            let contents = json!({ "uri": uri, "text": "x" });
            noted.lock().expect("not poisoned").push(uri);
            let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "resultType": "complete", "contents": [contents] } });
            Some(([("content-type", "application/json")], answer.to_string()).into_response())
        });
        for version in [LEGACY, MODERN] {
            let (_aggregator, client) = relayed(&child, json!({}), version).await;
            let listed = client.list("resources").await;
            assert_eq!(listed.len(), uris.len(), "{listed:?}");
            for (entry, original) in listed.iter().zip(uris) {
                let exposed = entry["uri"].clone();
                let result = client
                    .request("resources/read", json!({ "uri": exposed }))
                    .await;
                assert_eq!(result["contents"][0]["uri"], exposed, "{original}");
                let sent = seen.lock().expect("not poisoned").pop();
                assert_eq!(sent.as_deref(), Some(original));
            }
        }
    }
}
