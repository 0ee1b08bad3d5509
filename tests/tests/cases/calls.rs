//! Calls under way: progress, deadlines, cancellation, log messages and metadata.

use std::time::{Duration, Instant};

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::raw::{LEGACY, MODERN, Message, Raw};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, scripted, text, tool};
use serde_json::{Value, json};

use super::{one, one_with_client};

const PROGRESS: &str = "notifications/progress";

fn counting(era: &str) -> Value {
    basic(json!({
        "era": era,
        "tools": [tool("count"), tool("wait"), tool("release")],
        "calls": { "count": { "steps": [{ "count": 20 }] } },
    }))
}

async fn scripted_http(script: &Value) -> HttpChild {
    let script: Script = serde_json::from_str(&script.to_string()).expect("a script");
    HttpChild::start(HttpScript {
        script,
        authorization: None,
    })
    .await
}

/// The progress of one token that was received before the answer with this id, and whether any came after it.
fn progress_before(messages: &[Message], token: &str, id: i64) -> (Vec<u64>, bool) {
    let mut before = Vec::new();
    let mut answered = false;
    let mut late = false;
    for message in messages {
        if message.method() == Some(PROGRESS) && message.value["params"]["progressToken"] == token {
            late |= answered;
            before.push(
                message.value["params"]["progress"]
                    .as_f64()
                    .expect("a number") as u64,
            );
        }
        answered |= message.method().is_none() && message.value["id"] == id;
    }
    (before, late)
}

async fn each_call_gets_its_own_progress(client: &Raw, calls: usize) {
    let mut running = Vec::new();
    for number in 0..calls {
        let token = format!("{calls}-{number}");
        let params =
            json!({ "name": "ns_count", "arguments": {}, "_meta": { "progressToken": token } });
        running.push((token, client.start("tools/call", params).await));
    }
    for (token, call) in running {
        call.answer().await;
        let (progress, late) = progress_before(&client.received(), &token, call.id());
        assert_eq!(progress, (1..=20).collect::<Vec<_>>(), "{token} of {calls}");
        assert!(!late, "{token}: progress after the result");
    }
}

#[tokio::test]
async fn a27_progress_is_exact_for_1_3_and_50_calls_at_once() {
    for era in ["legacy", "modern"] {
        let over_http = scripted_http(&counting(era)).await;
        let children = [scripted(counting(era)), json!({ "url": over_http.url })];
        for child in children {
            let config = Config::new().child("ns", child);
            let aggregator = Aggregator::http(&config).await;
            for version in [LEGACY, MODERN] {
                let client = Raw::http(&aggregator, version).await;
                for calls in [1, 3, 50] {
                    each_call_gets_its_own_progress(&client, calls).await;
                }
            }
            let client = Raw::stdio(&StdioCommand::new(&config), LEGACY).await;
            for calls in [1, 50] {
                each_call_gets_its_own_progress(&client, calls).await;
            }
        }
    }
}

#[tokio::test]
async fn a27_two_clients_with_one_token_get_their_own_progress() {
    let aggregator = one(scripted(counting("legacy"))).await;
    let clients = [
        Raw::http(&aggregator, LEGACY).await,
        Raw::http(&aggregator, MODERN).await,
    ];
    let params =
        json!({ "name": "ns_count", "arguments": {}, "_meta": { "progressToken": "same" } });
    let mut calls = Vec::new();
    for client in &clients {
        calls.push(client.start("tools/call", params.clone()).await);
    }
    for (client, call) in clients.iter().zip(&calls) {
        call.answer().await;
        let (progress, late) = progress_before(&client.received(), "same", call.id());
        assert_eq!(progress, (1..=20).collect::<Vec<_>>());
        assert!(!late);
    }
}

#[tokio::test]
async fn a28_progress_keeps_a_call_alive_beyond_its_deadline() {
    let step = |n: u64| {
        [
            json!({ "pause_ms": 600 }),
            json!({ "progress": { "progress": n } }),
        ]
    };
    let script = basic(json!({
        "tools": [tool("busy"), tool("stuck")],
        "calls": {
            "busy": { "steps": (1..=4).flat_map(step).collect::<Vec<_>>() },
            "stuck": { "steps": ["until_cancelled"] },
        },
    }));
    let mut child = scripted(script);
    child["timeout"] = json!(1);
    let aggregator = one(child).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    let busy = json!({ "name": "ns_busy", "arguments": {}, "_meta": { "progressToken": 1 } });
    client.request("tools/call", busy).await;

    let started = Instant::now();
    let stuck = client
        .try_request("tools/call", json!({ "name": "ns_stuck", "arguments": {} }))
        .await;
    let took = started.elapsed();
    assert!(
        took >= Duration::from_millis(900) && took < Duration::from_secs(5),
        "after {took:?}"
    );
    let refused = match stuck {
        Err(error) => error.to_string(),
        Ok(result) => text(&result).to_owned(),
    };
    assert!(
        refused.contains("ns") && refused.contains('1'),
        "which child, after how long? {refused}"
    );
    let cancelled = client
        .call(
            "ns_received",
            json!({ "method": "notifications/cancelled", "count": 1 }),
        )
        .await;
    assert_eq!(
        cancelled["structuredContent"]["messages"]
            .as_array()
            .map(Vec::len),
        Some(1),
        "{cancelled}"
    );
}

/// The child answers `received` as soon as the cancellation is there, so the time until then is what it took.
async fn cancellation_arrived(client: &Raw, since: Instant) {
    let asked = json!({ "method": "notifications/cancelled", "count": 1 });
    let received = client.call("ns_received", asked).await;
    let took = since.elapsed();
    let messages = received["structuredContent"]["messages"]
        .as_array()
        .expect("messages")
        .clone();
    assert_eq!(messages.len(), 1, "cancelled exactly once: {messages:?}");
    assert!(took < Duration::from_millis(500), "it took {took:?}");
}

fn waiting() -> Value {
    basic(json!({
        "tools": [tool("wait")],
        "calls": { "wait": { "steps": [{ "count": 1 }, "until_cancelled"] } },
    }))
}

async fn started(client: &Raw) -> mcp_compose_tests::raw::Call {
    let params = json!({ "name": "ns_wait", "arguments": {}, "_meta": { "progressToken": "t" } });
    let call = client.start("tools/call", params).await;
    client.notification(PROGRESS, |_| true).await;
    call
}

#[tokio::test]
async fn a29_cancelling_reaches_the_child_from_either_era() {
    for version in [LEGACY, MODERN] {
        let (aggregator, client) = one_with_client(scripted(waiting()), version).await;
        let call = started(&client).await;
        let other = Raw::http(&aggregator, LEGACY).await;
        let since = Instant::now();
        client.cancel(&call).await;
        cancellation_arrived(&other, since).await;
    }
}

#[tokio::test]
async fn a29_a_client_that_leaves_cancels_its_calls() {
    let (aggregator, client) = one_with_client(scripted(waiting()), LEGACY).await;
    let _call = started(&client).await;
    let other = Raw::http(&aggregator, LEGACY).await;
    let since = Instant::now();
    client.close().await;
    cancellation_arrived(&other, since).await;
}

#[tokio::test]
async fn a29_cancelling_over_stdio_reaches_the_child() {
    for version in [LEGACY, MODERN] {
        let command = StdioCommand::new(&Config::new().child("ns", scripted(waiting())));
        let client = Raw::stdio(&command, version).await;
        let call = started(&client).await;
        let since = Instant::now();
        client
            .notify("notifications/cancelled", json!({ "requestId": call.id() }))
            .await;
        cancellation_arrived(&client, since).await;
    }
}

fn logging() -> Value {
    let log = |level: &str| json!({ "log": { "level": level, "logger": "disk", "data": { "at": level } } });
    basic(json!({
        "tools": [tool("logs")],
        "calls": { "logs": { "steps": [log("debug"), log("info"), log("error")] } },
    }))
}

const LOG: &str = "notifications/message";

fn levels(client: &Raw) -> Vec<String> {
    let messages = client.received();
    let logs = messages
        .iter()
        .filter(|message| message.method() == Some(LOG));
    logs.map(|message| {
        message.value["params"]["level"]
            .as_str()
            .expect("a level")
            .to_owned()
    })
    .collect()
}

#[tokio::test]
async fn a30_log_messages_carry_the_namespace_and_each_client_has_its_level() {
    let aggregator = one(scripted(logging())).await;
    let (loud, quiet) = (
        Raw::http(&aggregator, LEGACY).await,
        Raw::http(&aggregator, LEGACY).await,
    );
    loud.request("logging/setLevel", json!({ "level": "debug" }))
        .await;
    quiet
        .request("logging/setLevel", json!({ "level": "error" }))
        .await;
    loud.call("ns_logs", json!({})).await;
    loud.notifications(LOG, 3).await;
    quiet.call("ns_logs", json!({})).await;
    quiet.notification(LOG, |_| true).await;
    assert_eq!(&levels(&loud)[..3], ["debug", "info", "error"]);
    assert!(
        levels(&quiet).iter().all(|level| level == "error"),
        "{:?}",
        levels(&quiet)
    );
    let first = loud.notification(LOG, |_| true).await.value;
    let logger = first["params"]["logger"].as_str().expect("a logger");
    assert!(logger.contains("ns") && logger.contains("disk"), "{logger}");
    assert_eq!(first["params"]["data"], json!({ "at": "debug" }));
}

#[tokio::test]
async fn a30_a_modern_client_gets_logs_only_where_it_asked() {
    let mut script = logging();
    script["era"] = json!("modern");
    // Over stdio nothing says which call a log message belongs to; over HTTP it comes on the call's own stream.
    let child = scripted_http(&script).await;
    let (_aggregator, client) = one_with_client(json!({ "url": child.url }), MODERN).await;
    client.call("ns_logs", json!({})).await;
    assert_eq!(levels(&client).len(), 0, "it did not ask");
    let meta = json!({ "io.modelcontextprotocol/logLevel": "info" });
    client
        .request(
            "tools/call",
            json!({ "name": "ns_logs", "arguments": {}, "_meta": meta }),
        )
        .await;
    assert_eq!(levels(&client), ["info", "error"]);
}

#[tokio::test]
async fn a31_the_callers_metadata_passes_and_ours_does_not() {
    for era in ["legacy", "modern"] {
        let mut script = basic(json!({ "era": era }));
        script["calls"]["echo"] =
            json!({ "answer": { "result": { "content": [], "_meta": { "vendor/answer": 1 } } } });
        let aggregator = one(scripted(script)).await;
        for version in [LEGACY, MODERN] {
            let client = Raw::http(&aggregator, version).await;
            let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            let meta =
                json!({ "traceparent": trace, "vendor/key": { "a": 1 }, "progressToken": "mine" });
            let answered = client
                .request(
                    "tools/call",
                    json!({ "name": "ns_echo", "arguments": {}, "_meta": meta }),
                )
                .await;
            assert_eq!(answered["_meta"]["vendor/answer"], 1);
            assert!(
                !answered.to_string().contains("scripted"),
                "the child's identity leaks: {answered}"
            );

            let received = client
                .call("ns_received", json!({ "method": "tools/call" }))
                .await;
            let messages = received["structuredContent"]["messages"]
                .as_array()
                .expect("messages")
                .clone();
            let echo = messages
                .iter()
                .rev()
                .find(|message| message["params"]["name"] == "echo")
                .expect("the call");
            let meta = &echo["params"]["_meta"];
            assert_eq!(meta["traceparent"], trace, "{era} child, {version} client");
            assert_eq!(meta["vendor/key"]["a"], 1);
            assert_ne!(meta["progressToken"], "mine", "tokens are ours");
            let foreign = meta["io.modelcontextprotocol/protocolVersion"].is_string();
            assert_eq!(foreign, era == "modern", "{meta}");
        }
    }
}
