//! The test bed itself: every check passes where no aggregator stands in between, so a check that fails in another
//! file fails because of the aggregator.

use mcp_compose_tests::aggregator::{database, manufact, modern_database, weather};
use mcp_compose_tests::clients::{Client, Scene, Target};
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::script::{Era, Script};
use mcp_compose_tests::scripted::{HttpChild, HttpScript};
use serde_json::{Value, json};

/// The command of a configuration entry, for a client to start by itself.
fn command_of(entry: &Value) -> Target {
    let program = entry["command"].as_str().expect("a program").to_owned();
    let arguments = entry["args"].as_array().expect("arguments").iter();
    let arguments = arguments.map(|argument| argument.as_str().expect("text").to_owned());
    Target::Command(std::iter::once(program).chain(arguments).collect())
}

fn only(child: &'static str) -> Scene {
    Scene {
        children: vec![child],
        exposed: false,
    }
}

#[tokio::test]
async fn legacy_clients_pass_on_the_legacy_database() {
    for client in [Client::PythonLegacy, Client::Ts1, Client::Ts2Legacy] {
        client
            .check(&command_of(&database()), &only("database"))
            .await;
    }
}

#[tokio::test]
async fn modern_clients_pass_on_the_modern_database() {
    for client in [Client::PythonModern, Client::Ts2Modern] {
        client
            .check(&command_of(&modern_database()), &only("database"))
            .await;
    }
}

#[tokio::test]
async fn all_clients_pass_on_the_weather() {
    for client in [
        Client::PythonLegacy,
        Client::PythonModern,
        Client::Ts1,
        Client::Ts2Legacy,
        Client::Ts2Modern,
    ] {
        client
            .check(&command_of(&weather()), &only("weather"))
            .await;
    }
}

#[tokio::test]
async fn all_clients_pass_on_the_manufact() {
    let (_manufact, url) = manufact().await;
    for client in [
        Client::PythonLegacy,
        Client::PythonModern,
        Client::Ts1,
        Client::Ts2Legacy,
        Client::Ts2Modern,
    ] {
        client
            .check(&Target::Url(url.clone()), &only("manufact"))
            .await;
    }
}

fn script(era: &str) -> Value {
    json!({
        "era": era,
        "tools": [{ "name": "count", "inputSchema": { "type": "object" } },
                  { "name": "echo", "inputSchema": { "type": "object" } },
                  { "name": "wait", "inputSchema": { "type": "object" } },
                  { "name": "grow", "inputSchema": { "type": "object" } },
                  { "name": "received", "inputSchema": { "type": "object" } }],
        "calls": {
            "count": { "steps": [{ "count": 3 }] },
            "wait": { "steps": ["until_cancelled"] },
            "grow": { "steps": [{ "add": { "tools": [{ "name": "late", "inputSchema": {} }] } }] },
            "received": { "answer": "received" },
        },
    })
}

async fn raw_client_and_scripted_child_agree(raw: Raw) {
    let arguments = r#"{"b":1.10,"a":12345678901234567890123}"#;
    let call = raw
        .start_text(
            "tools/call",
            &format!(r#"{{"name":"echo","arguments":{arguments}}}"#),
        )
        .await;
    let text = call.answer().await.value["result"]["content"][0]["text"].clone();
    assert_eq!(text, arguments);

    let count = json!({ "name": "count", "arguments": {}, "_meta": { "progressToken": "p" } });
    raw.request("tools/call", count).await;
    let progress = raw
        .received()
        .into_iter()
        .filter(|message| message.method() == Some("notifications/progress"));
    let seen: Vec<_> = progress
        .map(|message| message.value["params"]["progress"].clone())
        .collect();
    assert_eq!(seen, [1, 2, 3]);

    let waiting = raw
        .start("tools/call", json!({ "name": "wait", "arguments": {} }))
        .await;
    raw.call("echo", json!({})).await;
    raw.cancel(&waiting).await;

    let listening = raw.listen(json!({ "toolsListChanged": true })).await;
    raw.call("grow", json!({})).await;
    raw.notification("notifications/tools/list_changed", |_| true)
        .await;
    assert_eq!(
        raw.names("tools").await.last().map(String::as_str),
        Some("late")
    );
    drop(listening);
}

#[tokio::test]
async fn the_scripted_child_works_over_stdio() {
    for (era, version) in [("legacy", LEGACY), ("modern", MODERN)] {
        let mut start = command(binary("scripted_child"));
        let child = Process::start(start.arg(script(era).to_string()));
        raw_client_and_scripted_child_agree(Raw::process(child, version).await).await;
    }
}

#[tokio::test]
async fn the_scripted_child_works_over_http() {
    for (era, version) in [(Era::Legacy, LEGACY), (Era::Modern, MODERN)] {
        let word = if era == Era::Legacy {
            "legacy"
        } else {
            "modern"
        };
        let script: Script = serde_json::from_str(&script(word).to_string()).expect("a script");
        let child = HttpChild::start(HttpScript {
            script,
            authorization: None,
        })
        .await;
        let raw = Raw::url(&child.url, version, json!({})).await;
        raw_client_and_scripted_child_agree(raw).await;
    }
}
