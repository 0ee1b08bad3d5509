//! More than anybody can take: of notifications, and of calls for a child that does not read.

use std::time::Instant;

use mcp_compose_tests::aggregator::Config;
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

use super::{Bed, prints, reason, size, tell};

const CHANGED: &str = "notifications/tools/list_changed";

#[tokio::test]
async fn a16_calls_of_a_child_that_does_not_read_are_refused_once_enough_wait() {
    let script =
        basic(json!({ "tools": [tool("deaf")], "calls": { "deaf": { "steps": ["deaf"] } } }));
    let mut child = scripted(script);
    child["timeout"] = json!(4);
    let bed = Bed::with(child, Config::new()).await;
    bed.call("deaf").await.expect("the last that it hears");
    let memory = bed.memory();
    let large = "x".repeat(1 << 20);
    let mut calls = Vec::new();
    for _ in 0..20 {
        let params = json!({ "name": "ns_echo", "arguments": { "a": large } });
        calls.push(bed.client.start("tools/call", params).await);
    }
    let mut reasons: Vec<String> = Vec::new();
    for call in &calls {
        reasons.push(reason(&call.answer().await.value["error"]));
    }
    let overloaded = reasons
        .iter()
        .filter(|reason| *reason == "overloaded")
        .count();
    assert!(overloaded > 0 && overloaded < 20, "{reasons:?}");
    memory.rise("a16");
    let told = bed.client.call("quiet_echo", json!({ "a": 1 })).await;
    assert_eq!(text(&told), r#"{"a":1}"#);
}

#[tokio::test]
async fn a17_floods_of_notifications_cost_their_own_call_only() {
    let times = size("MCPC_FLOOD", 10_000);
    let note = |method: &str, params: &str| {
        prints(
            &format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{params}}}\n"),
            times,
        )
    };
    let flood = json!({ "steps": [
        note("notifications/progress", r#"{"progressToken":{token},"progress":{n}}"#),
        note("notifications/message", r#"{"level":"info","data":"message {n}"}"#),
        note("notifications/progress", r#"{"progressToken":12345,"progress":{n}}"#),
        note(CHANGED, "{}"),
        note("notifications/resources/updated", r#"{"uri":"x://{n}"}"#),
        note("notifications/of/some/kind", "{}"),
    ] });
    let bed = Bed::new(json!({ "tools": [tool("flood")], "calls": { "flood": flood } })).await;
    let memory = bed.memory();
    let flooding =
        json!({ "name": "ns_flood", "arguments": {}, "_meta": { "progressToken": "p" } });
    let flooding = bed.client.start("tools/call", flooding).await;
    for n in 0..50 {
        let arguments = json!({ "n": n });
        let told = bed.client.call("quiet_echo", arguments.clone()).await;
        assert_eq!(text(&told), arguments.to_string());
    }
    assert!(flooding.answer().await.value.get("result").is_some());
    assert!(memory.rise("a17") < 48 * 1024);
    let received = bed.client.received();
    let steps: Vec<u64> = received
        .iter()
        .filter(|one| one.method() == Some("notifications/progress"))
        .map(|one| one.value["params"]["progress"].as_u64().expect("a number"))
        .collect();
    assert!(!steps.is_empty() && steps.is_sorted(), "progress goes back");
    bed.is_well().await;
}

#[tokio::test]
async fn t39_a_storm_of_changes_is_looked_at_once_a_second() {
    let rounds = 10 * size("MCPC_STORM_SECONDS", 2);
    let storm: Vec<Value> = (0..rounds)
        .flat_map(|n| {
            let line = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{CHANGED}\"}}\n");
            let add = json!({ "add": { "tools": [tool(&format!("late_{n}"))] } });
            [add, prints(&line, 1000), json!({ "pause_ms": 100 })]
        })
        .collect();
    let script = json!({ "tools": [tool("storm")], "calls": { "storm": { "steps": storm } } });
    let bed = Bed::new(script).await;
    let before = bed.got("tools/list").await;
    let began = Instant::now();
    bed.call("storm").await.expect("it is served all the same");
    let last = format!("ns_late_{}", rounds - 1);
    bed.client.listed(&last).await;
    let seconds = began.elapsed().as_secs() as usize + 1;
    let looks = bed.got("tools/list").await - before;
    let told = bed.client.count(CHANGED);
    tell(&format!(
        "t39: {} changes in {seconds} s, {looks} looks, {told} told",
        1001 * rounds
    ));
    assert!(looks <= seconds + 1, "{looks} looks in {seconds} s");
    assert!(told <= looks, "{told} times told after {looks} looks");
}
