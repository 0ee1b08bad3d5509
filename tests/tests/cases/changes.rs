//! Changes: lists that grow and shrink while clients are connected, and subscriptions.

use mcp_compose_tests::aggregator::Aggregator;
use mcp_compose_tests::raw::{Call, LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

use super::one;

const TOOLS: &str = "notifications/tools/list_changed";

/// A child that adds and removes `late` of each kind on demand, once or in a burst.
fn growing(era: &str) -> Value {
    let late = json!({
        "tools": [tool("late")],
        "prompts": [{ "name": "late" }],
        "resources": [{ "uri": "late://r", "name": "late" }],
    });
    let gone = json!({ "tools": ["late"], "prompts": ["late"], "resources": ["late://r"] });
    let burst: Vec<_> = (0..20)
        .map(|n| json!({ "add": { "tools": [tool(&format!("burst_{n}"))] } }))
        .collect();
    scripted(basic(json!({
        "era": era,
        "tools": [tool("grow"), tool("shrink"), tool("burst"), tool("same")],
        "prompts": [{ "name": "first" }],
        "resources": [{ "uri": "first://r", "name": "first" }],
        "calls": {
            "grow": { "steps": [{ "add": late }] },
            "shrink": { "steps": [{ "remove": gone }] },
            "burst": { "steps": burst },
            "same": { "steps": [{ "notify": { "method": TOOLS, "params": {} } }] },
        },
        "gets": { "late": { "answer": { "result": { "messages": [] } } } },
        "reads": { "late://r": { "answer": { "result": { "contents": [{ "uri": "late://r", "text": "t" }] } } } },
    })))
}

/// A client of each era that wants to know of every change.
async fn two_watchers(aggregator: &Aggregator) -> [(Raw, Option<Call>); 2] {
    let all = json!({ "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true });
    let legacy = Raw::http(aggregator, LEGACY).await;
    let modern = Raw::http(aggregator, MODERN).await;
    let listening = modern.listen(all).await;
    [(legacy, None), (modern, listening)]
}

async fn told(watchers: &[(Raw, Option<Call>)], times: usize) {
    for (client, _) in watchers {
        for method in [
            TOOLS,
            "notifications/prompts/list_changed",
            "notifications/resources/list_changed",
        ] {
            client.notifications(method, times).await;
        }
    }
}

#[tokio::test]
async fn a20_what_a_child_adds_is_announced_once_and_can_be_used() {
    for era in ["legacy", "modern"] {
        let aggregator = one(growing(era)).await;
        let watchers = two_watchers(&aggregator).await;
        watchers[0].0.call("ns_grow", json!({})).await;
        told(&watchers, 1).await;
        let newcomer = Raw::http(&aggregator, LEGACY).await;
        for client in watchers.iter().map(|(client, _)| client).chain([&newcomer]) {
            assert!(client.names("tools").await.contains(&"ns_late".to_owned()));
            assert!(
                client
                    .names("prompts")
                    .await
                    .contains(&"ns_late".to_owned())
            );
            assert!(
                client
                    .names("resources")
                    .await
                    .contains(&"ns://late://r".to_owned())
            );
            assert_eq!(
                text(&client.call("ns_late", json!({ "a": 1 })).await),
                r#"{"a":1}"#
            );
            client
                .request("prompts/get", json!({ "name": "ns_late" }))
                .await;
            client
                .request("resources/read", json!({ "uri": "ns://late://r" }))
                .await;
        }
        for (client, _) in &watchers {
            assert_eq!(client.count(TOOLS), 1, "{era}: announced more than once");
        }
    }
}

#[tokio::test]
async fn a20_a_burst_is_merged() {
    let aggregator = one(growing("legacy")).await;
    let watchers = two_watchers(&aggregator).await;
    watchers[0].0.call("ns_burst", json!({})).await;
    for (client, _) in &watchers {
        client.notifications(TOOLS, 1).await;
    }
    // Every further announcement would be before the answer to this, which a change of its own follows.
    watchers[0].0.call("ns_grow", json!({})).await;
    for (client, _) in &watchers {
        client
            .notifications("notifications/prompts/list_changed", 1)
            .await;
        let names = client.names("tools").await;
        assert!(
            (0..20).all(|n| names.contains(&format!("ns_burst_{n}"))),
            "{names:?}"
        );
        let announced = client.count(TOOLS);
        assert!(
            announced <= 4,
            "20 changes at once were announced {announced} times"
        );
    }
}

#[tokio::test]
async fn a20_nothing_is_announced_when_nothing_changed() {
    let aggregator = one(growing("legacy")).await;
    let watchers = two_watchers(&aggregator).await;
    watchers[0].0.call("ns_same", json!({})).await;
    watchers[0].0.call("ns_grow", json!({})).await;
    told(&watchers, 1).await;
    for (client, _) in &watchers {
        assert_eq!(
            client.count(TOOLS),
            1,
            "the child cried wolf, and so did we"
        );
    }
}

#[tokio::test]
async fn a21_a_removed_tool_is_gone_and_says_so() {
    for era in ["legacy", "modern"] {
        let aggregator = one(growing(era)).await;
        let watchers = two_watchers(&aggregator).await;
        watchers[0].0.call("ns_grow", json!({})).await;
        told(&watchers, 1).await;
        watchers[1].0.call("ns_shrink", json!({})).await;
        told(&watchers, 2).await;
        for (client, _) in &watchers {
            assert!(!client.names("tools").await.contains(&"ns_late".to_owned()));
            let refused = client
                .try_request("tools/call", json!({ "name": "ns_late", "arguments": {} }))
                .await;
            let refused = refused.expect_err("the tool is gone");
            assert_eq!(refused["code"], -32602);
            assert!(
                refused["message"]
                    .as_str()
                    .is_some_and(|said| said.contains("ns_late")),
                "{refused}"
            );
            let refused = client
                .try_request("prompts/get", json!({ "name": "ns_late" }))
                .await;
            assert_eq!(refused.expect_err("the prompt is gone")["code"], -32602);
        }
    }
}

fn subscribable(era: &str) -> Value {
    scripted(basic(json!({
        "era": era,
        "tools": [tool("touch")],
        "resources": [{ "uri": "app://a", "name": "a" }, { "uri": "app://b", "name": "b" }],
        "calls": { "touch": { "steps": [
            { "notify": { "method": "notifications/resources/updated", "params": { "uri": "app://a" } } },
        ] } },
    })))
}

async fn subscribe(client: &Raw, uri: &str) -> Option<Call> {
    if client.modern() {
        return client
            .listen(json!({ "resourceSubscriptions": [uri] }))
            .await;
    }
    client
        .request("resources/subscribe", json!({ "uri": uri }))
        .await;
    None
}

const UPDATED: &str = "notifications/resources/updated";

async fn seen_by_child(client: &Raw, method: &str, count: usize) -> usize {
    let asked = json!({ "method": method, "count": count });
    let received = client.call("ns_received", asked).await;
    received["structuredContent"]["messages"]
        .as_array()
        .expect("messages")
        .len()
}

#[tokio::test]
async fn a19_a_subscription_reaches_the_child_once_and_its_updates_every_subscriber() {
    let aggregator = one(subscribable("legacy")).await;
    let mut clients = Vec::new();
    for version in [LEGACY, LEGACY, MODERN, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        let subscription = subscribe(&client, "ns://app://a").await;
        clients.push((client, subscription));
    }
    let bystander = Raw::http(&aggregator, LEGACY).await;
    let other = Raw::http(&aggregator, LEGACY).await;
    subscribe(&other, "ns://app://b").await;
    assert_eq!(
        seen_by_child(&bystander, "resources/subscribe", 2).await,
        2,
        "one for each resource"
    );

    bystander.call("ns_touch", json!({})).await;
    for (client, _) in &clients {
        let update = client.notification(UPDATED, |_| true).await;
        assert_eq!(update.value["params"]["uri"], "ns://app://a");
    }
    bystander.call("ns_touch", json!({})).await;
    for (client, _) in &clients {
        client.notifications(UPDATED, 2).await;
    }
    assert_eq!(
        bystander.count(UPDATED) + other.count(UPDATED),
        0,
        "only subscribers are told"
    );
}

#[tokio::test]
async fn a19_unsubscribing_and_leaving_release_the_subscription() {
    let aggregator = one(subscribable("legacy")).await;
    let watcher = Raw::http(&aggregator, LEGACY).await;
    let first = Raw::http(&aggregator, LEGACY).await;
    let second = Raw::http(&aggregator, LEGACY).await;
    let third = Raw::http(&aggregator, MODERN).await;
    subscribe(&first, "ns://app://a").await;
    subscribe(&second, "ns://app://a").await;
    let listening = subscribe(&third, "ns://app://a").await.expect("a stream");
    first
        .request("resources/unsubscribe", json!({ "uri": "ns://app://a" }))
        .await;
    assert_eq!(
        seen_by_child(&watcher, "resources/unsubscribe", 0).await,
        0,
        "others are still subscribed"
    );
    second.close().await;
    third.cancel(&listening).await;
    assert_eq!(
        seen_by_child(&watcher, "resources/unsubscribe", 1).await,
        1,
        "the last one left"
    );
}

#[tokio::test]
async fn a19_subscriptions_work_with_a_modern_child() {
    let aggregator = one(subscribable("modern")).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        let _listening = subscribe(&client, "ns://app://a").await;
        client.call("ns_touch", json!({})).await;
        let update = client.notification(UPDATED, |_| true).await;
        assert_eq!(update.value["params"]["uri"], "ns://app://a", "{version}");
    }
}
