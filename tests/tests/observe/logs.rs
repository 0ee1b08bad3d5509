use std::time::Duration;

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{LEGACY, Raw};
use mcp_compose_tests::scripted::{basic, scripted, tool};
use serde_json::{Value, json};

fn noisy() -> Config {
    let line = json!({ "print": { "text": "it \"works\"\n", "stderr": true } });
    let script = basic(json!({
        "tools": [tool("noisy")],
        "calls": { "noisy": { "steps": [line] } },
    }));
    Config::new()
        .child("leaf", scripted(script))
        .environment("MCP_COMPOSE_LOG", "info,mcp_compose::stderr=debug")
}

/// The first line of the log that this is true of, once the tool has been called.
async fn logged(config: &Config, wanted: impl Fn(&str) -> bool) -> String {
    let aggregator = Aggregator::http(config).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    client.listed("leaf_noisy").await;
    client
        .call("leaf_noisy", json!({ "secret": "sesame" }))
        .await;
    let stderr = aggregator.process.stderr();
    let line = tokio::time::timeout(Duration::from_secs(30), stderr.find(wanted)).await;
    let all = stderr.all().join("\n");
    assert!(!all.contains("sesame"), "{all}");
    line.unwrap_or_else(|_| panic!("{all}"))
}

#[tokio::test]
async fn as_json_each_line_of_a_childs_stderr_is_an_event_with_fields() {
    let config = noisy().environment("MCP_COMPOSE_LOG_FORMAT", "json");
    let line = logged(&config, |line| line.contains("works")).await;
    let event: Value = serde_json::from_str(&line).expect("a line is an object");
    assert_eq!(event["child"], "leaf");
    assert_eq!(event["line"], "it \"works\"");
    assert_eq!(
        (&event["level"], &event["target"]),
        (&json!("DEBUG"), &json!("mcp_compose::stderr"))
    );
    assert!(event["timestamp"].is_string(), "{event}");
}

#[tokio::test]
async fn for_people_it_is_a_line_without_colours() {
    let line = logged(&noisy(), |line| line.contains("works")).await;
    assert!(
        line.contains("child=\"leaf\"") && !line.contains('\u{1b}'),
        "{line}"
    );
}

#[tokio::test]
async fn a_format_that_is_not_known_is_told() {
    let config = noisy().environment("MCP_COMPOSE_LOG_FORMAT", "xml");
    let line = logged(&config, |line| line.contains("MCP_COMPOSE_LOG_FORMAT")).await;
    assert!(line.contains("`human` or `json`"), "{line}");
}
