//! Clients that vanish, cancel, or begin wrongly.

use serde_json::{Value, json};

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};

use super::http::{Http, message};
use super::modern;
use crate::received::{calls, got};

const CANCELLED: &str = "notifications/cancelled";

fn child() -> Value {
    scripted(basic(json!({
        "tools": [tool("wait"), tool("held"), tool("release")],
        "calls": {
            "wait": { "steps": ["until_cancelled"] },
            "held": { "steps": ["until_released"] },
            "release": { "steps": ["release"] },
        },
    })))
}

async fn bed() -> (Aggregator, Raw) {
    let aggregator = Aggregator::http(&Config::new().child("ns", child())).await;
    let watcher = Raw::http(&aggregator, LEGACY).await;
    watcher.listed("ns_wait").await;
    (aggregator, watcher)
}

#[tokio::test]
async fn c01_a_client_that_vanishes_cancels_what_only_it_waits_for() {
    let (aggregator, watcher) = bed().await;
    let modern = Raw::http(&aggregator, MODERN).await;
    let params = json!({ "name": "ns_wait", "arguments": {} });
    let call = modern.start("tools/call", params.clone()).await;
    calls(&watcher, "wait", 1).await;
    modern.vanish(&[call]);
    assert_eq!(
        got(&watcher, CANCELLED, 1).await.len(),
        1,
        "the stream was the call"
    );

    // Up to 2025-11-25 a connection that breaks is no cancellation: the call goes on, and its answer may be asked for.
    let legacy = Raw::http(&aggregator, LEGACY).await;
    let params = json!({ "name": "ns_held", "arguments": {} });
    let call = legacy.start("tools/call", params).await;
    calls(&watcher, "held", 1).await;
    legacy.vanish(&[call]);
    let probe = Raw::http(&aggregator, LEGACY).await;
    probe.call("ns_release", json!({})).await;
    assert_eq!(
        got(&watcher, CANCELLED, 0).await.len(),
        1,
        "still that of the modern call alone"
    );
}

#[tokio::test]
async fn c02_a_cancellation_concerns_the_senders_own_request_in_flight_and_nothing_else() {
    let (aggregator, watcher) = bed().await;
    let alice = Raw::http(&aggregator, LEGACY).await;
    let bob = Raw::http(&aggregator, LEGACY).await;
    let wait = json!({ "name": "ns_wait", "arguments": {} });
    let cancel = |id: Value| json!({ "requestId": id, "reason": "the test wants it" });

    // Late: the answer has been sent.
    let echo = alice
        .start("tools/call", json!({ "name": "ns_echo", "arguments": {} }))
        .await;
    echo.answer().await;
    alice.notify(CANCELLED, cancel(json!(echo.id()))).await;
    // Unknown, of another type, not there, and no id at all.
    let call = alice.start("tools/call", wait.clone()).await;
    calls(&watcher, "wait", 1).await;
    for id in [
        json!(99_999),
        json!(call.id().to_string()),
        json!(null),
        json!({}),
        json!(-1),
    ] {
        alice.notify(CANCELLED, cancel(id)).await;
    }
    alice.notify(CANCELLED, json!({})).await;
    // Another client's request of the same id.
    bob.notify(CANCELLED, cancel(json!(call.id()))).await;
    let held = bob.call("ns_echo", json!({ "still": "served" })).await;
    assert!(text(&held).contains("served"));
    assert_eq!(
        got(&watcher, CANCELLED, 0).await.len(),
        0,
        "none of these was one"
    );

    // In time, and once more.
    alice.cancel(&call).await;
    alice.cancel(&call).await;
    assert_eq!(got(&watcher, CANCELLED, 1).await.len(), 1);
    let again = alice.call("ns_echo", json!({ "alice": "goes on" })).await;
    assert!(text(&again).contains("goes on"));
    let told = got(&watcher, CANCELLED, 0).await;
    assert_eq!(told.len(), 1, "one cancellation for one call: {told:?}");
}

#[tokio::test]
async fn c10_a_client_that_begins_wrongly_is_told_so_and_sessions_do_not_mind() {
    let (aggregator, _watcher) = bed().await;
    let mut http = Http::to(&aggregator).await;
    let id = http.initialize(&[]).await.expect("a session");
    let in_session = ("mcp-session-id", &*id);
    let list = message(5, "tools/list", &json!({}));
    let hello = message(
        6,
        "initialize",
        &json!({ "protocolVersion": LEGACY, "capabilities": {} }),
    );
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
    let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": {} }).to_string();
    let unversioned = message(7, "tools/list", &json!({}));
    let stateless = message(8, "tools/list", &modern(json!({})));
    for (what, headers, body, status, code) in [
        (
            "a request before `initialize`",
            &[][..],
            &*list,
            400,
            -32600,
        ),
        ("a notification before it", &[], &ready, 400, -32600),
        ("an answer to nothing", &[], &answer, 400, -32600),
        ("no message", &[], "{}", 400, -32600),
        ("no JSON", &[], "nonsense", 400, -32700),
        ("nothing", &[], "", 400, -32700),
        ("half a message", &[], "{\"jsonrpc\":\"2.0\",", 400, -32700),
        (
            "a session that is none",
            &[("mcp-session-id", "none")],
            &list,
            404,
            -32600,
        ),
        ("a second `initialize`", &[in_session], &hello, 400, -32600),
        ("an empty batch", &[in_session], "[]", 400, -32600),
        (
            "a batch, which this version has not",
            &[in_session],
            &format!("[{list}]"),
            400,
            -32600,
        ),
        (
            "a version that is none",
            &[in_session, ("mcp-protocol-version", "1999-01-01")],
            &list,
            400,
            -32022,
        ),
        (
            "a modern header over an older body",
            &[("mcp-protocol-version", MODERN)],
            &unversioned,
            400,
            -32020,
        ),
        (
            "a modern body without headers",
            &[],
            &stateless,
            400,
            -32020,
        ),
    ] {
        let refused = http
            .send("POST", "/mcp", headers, body)
            .await
            .expect("an answer");
        let error = refused.message()["error"]["code"].clone();
        assert_eq!(
            (refused.status, error),
            (status, json!(code)),
            "{what}: {refused:?}"
        );
    }
    for (content, accept, status) in [
        ("text/plain", "application/json, text/event-stream", 415),
        ("application/json", "text/html", 406),
    ] {
        let headers = [in_session, ("content-type", content), ("accept", accept)];
        let refused = http
            .send("POST", "/mcp", &headers, &list)
            .await
            .expect("an answer");
        assert_eq!(refused.status, status, "{refused:?}");
    }
    let listed = http
        .send("POST", "/mcp", &[in_session], &list)
        .await
        .expect("an answer");
    assert_eq!(listed.status, 200, "{listed:?}");
    assert!(listed.message()["result"]["tools"].is_array(), "{listed:?}");
}
