//! Calls that clients may not make so: twice under one id, or round in circles.

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use mcp_compose_tests::system::eventually;
use serde_json::{Value, json};

use super::reason;
use crate::received::calls;

fn waiting() -> Value {
    scripted(basic(json!({
        "tools": [tool("wait"), tool("go")],
        "calls": { "wait": { "steps": ["until_released"] }, "go": { "steps": ["release"] } },
    })))
}

#[tokio::test]
async fn c06_an_id_that_is_in_flight_is_refused_and_its_call_goes_on() {
    let config = Config::new().child("ns", waiting());
    let aggregator = Aggregator::http(&config).await;
    let command = StdioCommand::new(&config);
    for (client, over_http) in [
        (Raw::stdio(&command, LEGACY).await, false),
        (Raw::stdio(&command, MODERN).await, false),
        (Raw::http(&aggregator, LEGACY).await, true),
    ] {
        client.listed("ns_wait").await;
        let wait = json!({ "name": "ns_wait", "arguments": { "a": 1 } });
        let call = client.start("tools/call", wait).await;
        // Over HTTP they could overtake each other.
        calls(&client, "wait", 1).await;
        let again = json!({ "jsonrpc": "2.0", "id": call.id(), "method": "ping", "params": {} });
        client.send_text(&again.to_string()).await;
        let refused = || {
            let received = client.received();
            let refused = received
                .iter()
                .find(|one| one.value["error"]["code"] == -32600);
            refused.map(|refused| refused.value["id"].clone())
        };
        eventually("the refusal", || refused().is_some()).await;
        // Where one connection carries all, an id would make it the answer to the first one.
        let of_its_own = if over_http {
            json!(call.id())
        } else {
            Value::Null
        };
        assert_eq!(refused(), Some(of_its_own));
        client.call("ns_go", json!({})).await;
        let answered = || {
            let received = client.received();
            let answer = received
                .iter()
                .find(|one| one.value["id"] == call.id() && one.value.get("result").is_some());
            answer.map(|answer| text(&answer.value["result"]).to_owned())
        };
        eventually("the first answer", || answered().is_some()).await;
        assert_eq!(answered().as_deref(), Some(r#"{"a":1}"#));
    }
}

#[tokio::test]
async fn d10_a_call_that_goes_from_composition_to_composition_ends() {
    let inner = StdioCommand::new(&Config::new().child("leaf", waiting()));
    let outer = Aggregator::http(&Config::new().child("in", inner.entry())).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&outer, version).await;
        client.listed("in_leaf_received").await;
        let call = async |hops: u64| {
            let meta = json!({ "mcpCompose/hops": hops, "other/key": hops });
            let params = json!({ "name": "in_leaf_received", "arguments": { "method": "tools/call" }, "_meta": meta });
            client.try_request("tools/call", params).await
        };
        for hops in [7, 8, 1000] {
            let error = call(hops).await.expect_err("it is refused");
            assert_eq!(reason(&error), "cycle", "{error}");
        }
        let received = call(6).await.expect("one more is allowed").to_string();
        assert!(received.contains(r#""other/key":6"#), "{received}");
        assert!(!received.contains("mcpCompose/hops"), "{received}");
    }
}

/// A typed server on the way does not make the count begin anew.
#[tokio::test]
async fn d10_a_call_that_a_typed_server_makes_has_come_as_far_as_its_own() {
    let leaf = scripted(basic(
        json!({ "tools": [tool("steps")], "calls": { "steps": {} } }),
    ));
    let mut leaf = leaf;
    leaf["namespace"] = json!("");
    let inner = StdioCommand::new(&Config::new().child("leaf", leaf));
    let config = Config::new().child("of-in", inner.entry());
    let outer = Aggregator::of_program(env!("CARGO_BIN_EXE_calls_between"), &config).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&outer, version).await;
        client.listed("of-in_steps").await;
        let call = async |hops: u64| {
            let meta = json!({ "mcpCompose/hops": hops });
            let params = json!({ "name": "in_steps", "arguments": {}, "_meta": meta });
            client.try_request("tools/call", params).await
        };
        let reached = call(6).await.expect("one more is allowed");
        assert_ne!(reached["isError"], true, "{reached}");
        let circling = match call(7).await {
            Ok(result) => result.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(
            circling.contains("has come through 8 compositions"),
            "{circling}"
        );
    }
}
