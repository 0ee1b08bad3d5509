//! Many and much: children that start slowly, big results, a thousand tools, hundreds of sessions.

use std::time::{Duration, Instant};

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use mcp_compose_tests::system::{cpu_ticks, resident_kib};
use serde_json::json;

use super::one;

const MEGABYTE: usize = 1 << 20;

#[tokio::test]
async fn a37_eight_slow_children_start_in_the_time_of_one() {
    let mut config = Config::new();
    for number in 0..8 {
        config = config.child(
            &format!("c{number}"),
            scripted(basic(json!({ "start_ms": 1000 }))),
        );
    }
    let started = Instant::now();
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    let names = client.names("tools").await;
    let took = started.elapsed();
    assert_eq!(names.len(), 24, "{names:?}");
    assert!(
        took < Duration::from_secs(4),
        "{took:?} for 8 children of 1 s each"
    );
}

#[tokio::test]
async fn a41_a_big_result_does_not_stall_other_calls() {
    let script = basic(json!({
        "tools": [tool("ten"), tool("fifty")],
        "calls": {
            "ten": { "answer": { "size": 10 * MEGABYTE } },
            "fifty": { "answer": { "size": 50 * MEGABYTE } },
        },
    }));
    let other = scripted(basic(json!({})));
    let aggregator = Aggregator::http(
        &Config::new()
            .child("big", scripted(script))
            .child("small", other),
    )
    .await;
    let client = Raw::http(&aggregator, LEGACY).await;
    let quick = Raw::http(&aggregator, LEGACY).await;

    let ten = client
        .start("tools/call", json!({ "name": "big_ten", "arguments": {} }))
        .await;
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let since = Instant::now();
        quick.call("small_echo", json!({})).await;
        slowest = slowest.max(since.elapsed());
    }
    assert_eq!(
        text(&ten.answer().await.value["result"]).len(),
        10 * MEGABYTE
    );
    assert!(
        slowest < Duration::from_millis(500),
        "a small call waited {slowest:?}"
    );

    let refused = client
        .try_request(
            "tools/call",
            json!({ "name": "big_fifty", "arguments": {} }),
        )
        .await;
    let refused = refused.expect_err("50 MB is beyond the limit");
    let said = refused["message"].as_str().expect("a message");
    assert!(
        said.contains("big") && (said.contains("16") || said.contains("large")),
        "{said}"
    );
    assert_eq!(
        text(&quick.call("small_echo", json!({ "a": 1 })).await),
        r#"{"a":1}"#
    );
}

#[tokio::test]
async fn a42_a_call_costs_the_same_with_a_thousand_tools() {
    let mut sides = Vec::new();
    for tools in [10, 1000] {
        let aggregator = one(scripted(basic(json!({ "generated_tools": tools })))).await;
        let client = Raw::http(&aggregator, MODERN).await;
        client.names("tools").await;
        sides.push((aggregator, client, 0));
    }
    // In turns, so that whatever else the machine does costs both sides alike; the first turn warms up.
    for turn in 0..6 {
        for (aggregator, client, cost) in &mut sides {
            let before = cpu_ticks(aggregator.process.pid());
            for _ in 0..100 {
                client.call("ns_echo", json!({})).await;
            }
            if turn > 0 {
                *cost += cpu_ticks(aggregator.process.pid()) - before;
            }
        }
    }
    let (few, many) = (sides[0].2, sides[1].2);
    // A tick is 10 ms: a few of them are noise.
    assert!(
        many <= few * 3 / 2 + 10,
        "10 tools: {few} ticks, 1,000 tools: {many} ticks"
    );
}

#[tokio::test]
async fn a43_sessions_cost_kilobytes() {
    const SESSIONS: u64 = 200;
    let aggregator = one(scripted(json!({ "generated_tools": 1000 }))).await;
    let pid = aggregator.process.pid();
    let mut sessions = Vec::new();
    for _ in 0..20 {
        let client = Raw::http(&aggregator, LEGACY).await;
        client.names("tools").await;
        sessions.push(client);
    }
    let before = resident_kib(pid);
    for _ in 0..SESSIONS {
        let client = Raw::http(&aggregator, LEGACY).await;
        client.names("tools").await;
        sessions.push(client);
    }
    let grown = resident_kib(pid).saturating_sub(before) / SESSIONS;
    assert!(grown < 100, "{grown} KiB for each session");
}
