//! What is advertised is what is relayed, and nothing else is.

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::raw::Raw;
use mcp_compose_tests::scripted::{basic, scripted, tool};
use serde_json::{Value, json};

use super::VERSIONS;

fn full() -> Value {
    basic(json!({
        "prompts": [{ "name": "p" }],
        "resources": [{ "uri": "r://1", "name": "r" }],
        "gets": { "p": { "answer": { "result": { "messages": [] } } } },
        "reads": { "r://1": { "answer": { "result": { "contents": [] } } } },
        "completions": { "p": { "answer": { "result": { "completion": { "values": [] } } } } },
    }))
}

/// Asks for everything that is advertised, and for everything that is not.
async fn advertised_is_relayed(client: &Raw) {
    let offered = &client.welcome["capabilities"];
    let reference = json!({ "type": "ref/prompt", "name": "ns_p" });
    let completion = json!({ "ref": reference, "argument": { "name": "a", "value": "" } });
    let mut asked = vec![
        (offered.get("tools"), "tools/list", json!({})),
        (
            offered.get("tools"),
            "tools/call",
            json!({ "name": "ns_echo", "arguments": {} }),
        ),
        (offered.get("resources"), "resources/list", json!({})),
        (
            offered.get("resources"),
            "resources/templates/list",
            json!({}),
        ),
        (
            offered.get("resources"),
            "resources/read",
            json!({ "uri": "ns://r://1" }),
        ),
        (offered.get("prompts"), "prompts/list", json!({})),
        (
            offered.get("prompts"),
            "prompts/get",
            json!({ "name": "ns_p" }),
        ),
        (
            offered.get("completions"),
            "completion/complete",
            completion,
        ),
    ];
    if !client.modern() {
        let subscribe = offered["resources"]
            .get("subscribe")
            .filter(|offer| **offer == json!(true));
        asked.push((
            subscribe,
            "resources/subscribe",
            json!({ "uri": "ns://r://1" }),
        ));
        asked.push((
            offered.get("logging"),
            "logging/setLevel",
            json!({ "level": "info" }),
        ));
    }
    for (offer, method, params) in asked {
        let answer = client.try_request(method, params).await;
        let missing = answer.as_ref().is_err_and(|error| error["code"] == -32601);
        assert_eq!(
            offer.is_none(),
            missing,
            "{method} is offered as {offer:?} and answered with {answer:?}"
        );
        if offer.is_some() {
            assert!(answer.is_ok(), "{method}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a48_everything_that_a_full_child_has_is_advertised_and_works() {
    let config = Config::new().child("ns", scripted(full()));
    let aggregator = Aggregator::http(&config).await;
    for version in VERSIONS {
        let client = Raw::http(&aggregator, version).await;
        for capability in ["tools", "resources", "prompts", "completions"] {
            assert!(
                client.welcome["capabilities"].get(capability).is_some(),
                "{capability} for {version}"
            );
        }
        advertised_is_relayed(&client).await;
        let over_stdio = Raw::stdio(&StdioCommand::new(&config), version).await;
        advertised_is_relayed(&over_stdio).await;
    }
}

#[tokio::test]
async fn a48_list_changes_are_advertised_and_announced() {
    let script = basic(json!({
        "tools": [tool("grow")],
        "calls": { "grow": { "steps": [{ "add": { "tools": [tool("late")] } }] } },
    }));
    for version in VERSIONS {
        let aggregator = Aggregator::http(&Config::new().child("ns", scripted(&script))).await;
        let client = Raw::http(&aggregator, version).await;
        assert_eq!(
            client.welcome["capabilities"]["tools"]["listChanged"], true,
            "{version}"
        );
        let _listening = client.listen(json!({ "toolsListChanged": true })).await;
        client.call("ns_grow", json!({})).await;
        client
            .notification("notifications/tools/list_changed", |_| true)
            .await;
    }
}

#[tokio::test]
async fn a48_extensions_of_children_are_not_promised() {
    let capabilities = json!({
        "tools": {}, "tasks": { "list": {} }, "experimental": { "x": {} },
        "extensions": { "vendor.example/unknown": {} },
    });
    let script = basic(json!({ "capabilities": capabilities }));
    let aggregator = Aggregator::http(&Config::new().child("ns", scripted(script))).await;
    for version in VERSIONS {
        let client = Raw::http(&aggregator, version).await;
        let offered = &client.welcome["capabilities"];
        assert!(offered.get("tasks").is_none(), "{offered}");
        assert!(!offered.to_string().contains("vendor.example"), "{offered}");
    }
}
