//! What a child sends is what its client gets, but for names, URIs and ids, which are ours.

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::raw::{LEGACY, MODERN, Message, Raw};
use mcp_compose_tests::scripted::scripted;
use serde_json::{Value, json};

/// Members that no revision knows, at every depth, with numbers that a typed parser changes and keys out of order.
const ODD: &str = r#"{"zeta":1,"alpha":{"deep":[{"deeper":null,"a b":"\u00e9\u2028"}]},"big":12345678901234567890123,"float":1.10,"huge":1e300,"zero":-0.0,"exact":0.1000000000000000055}"#;

fn result() -> String {
    format!(
        r#"{{"x-before":{ODD},"content":[{{"type":"text","text":"a\u0000b","x-block":{ODD},"annotations":{{"audience":["user"],"x-note":{ODD}}},"_meta":{{"vendor/key":{ODD}}}}},{{"type":"hologram","voxels":{ODD}}},{{"type":"text","text":"last","annotations":{{"priority":0.3,"lastModified":"2026-01-01T00:00:00Z"}}}}],"structuredContent":{ODD},"isError":false,"_meta":{{"vendor.example/trace":{ODD}}},"completion":{{"values":[]}},"messages":[]}}"#
    )
}

fn tool_entry(name: &str) -> String {
    format!(
        r#"{{"x-first":{ODD},"name":"{name}","title":"Odd","description":"d","inputSchema":{{"type":"object","x-schema":{ODD},"properties":{{"z":{{"type":"string","x-mcp-header-not":1}},"a":{{}}}}}},"outputSchema":{{"type":"object","additionalProperties":{{}}}},"annotations":{{"readOnlyHint":true,"x-hint":{ODD}}},"icons":[{{"src":"https://example.com/i.png","theme":"dark","x-icon":1}}],"securitySchemes":[{{"type":"noauth"}}],"_meta":{{"vendor/key":{ODD}}}}}"#
    )
}

fn prompt_entry(name: &str) -> String {
    format!(
        r#"{{"name":"{name}","x-prompt":{ODD},"arguments":[{{"name":"a","type":"string","x-argument":{ODD}}}],"_meta":{{"k":{ODD}}}}}"#
    )
}

fn resource_entry(uri: &str) -> String {
    format!(
        r#"{{"name":"odd","uri":"{uri}","size":12345678901234567890,"annotations":{{"x-note":{ODD}}},"x-resource":{ODD},"_meta":{{"k":{ODD}}}}}"#
    )
}

fn template_entry(uri: &str) -> String {
    format!(r#"{{"uriTemplate":"{uri}","name":"odd","x-template":{ODD},"_meta":{{"k":{ODD}}}}}"#)
}

fn prompt_result() -> String {
    format!(
        r#"{{"description":"d","messages":[{{"role":"system","content":{{"type":"text","text":"t","x":{ODD}}},"_meta":{{"m":{ODD}}}}}],"x-get":{ODD}}}"#
    )
}

fn read_result(uri: &str) -> String {
    format!(
        r#"{{"x-read":{ODD},"contents":[{{"uri":"{uri}","text":"t","annotations":{{"x":{ODD}}},"x-contents":{ODD}}}]}}"#
    )
}

fn completion() -> String {
    format!(
        r#"{{"completion":{{"values":["v"],"total":1,"x-completion":{ODD}}},"x-complete":{ODD}}}"#
    )
}

/// A list entry as the client must see it: of everything, only the name or URI is ours.
fn script(era: &str) -> String {
    let (result, prompt, read, completion) = (
        result(),
        prompt_result(),
        read_result("odd://thing"),
        completion(),
    );
    let (tool, odd_prompt) = (tool_entry("odd"), prompt_entry("odd"));
    let (resource, template) = (resource_entry("odd://thing"), template_entry("odd://{x}"));
    format!(
        r#"{{"era":"{era}","tools":[{tool},{{"name":"fails","inputSchema":{{"type":"object"}}}},{{"name":"echo","inputSchema":{{"type":"object"}}}},{{"name":"tells","inputSchema":{{"type":"object"}}}},{{"name":"received","inputSchema":{{"type":"object"}}}}],
        "prompts":[{odd_prompt}],"resources":[{resource}],"templates":[{template}],
        "calls":{{"odd":{{"answer":{{"result":{result}}}}},
                  "fails":{{"answer":{{"error":{{"code":-31999,"message":"odd","data":{ODD}}}}}}},
                  "tells":{{"steps":[{{"notify":{{"method":"notifications/x-odd","params":{ODD}}}}}]}},
                  "received":{{"answer":"received"}}}},
        "gets":{{"odd":{{"answer":{{"result":{prompt}}}}}}},
        "reads":{{"odd://thing":{{"answer":{{"result":{read}}}}}}},
        "completions":{{"odd":{{"answer":{{"result":{completion}}}}}}},
        "methods":{{"x-odd/method":{{"answer":{{"result":{ODD}}}}}}}}}"#
    )
    .replace('\n', " ")
}

async fn answer(client: &Raw, method: &str, params: Value) -> Message {
    client.start(method, params).await.answer().await
}

/// Whether `found` is `wanted`, but for what every modern result has and no legacy one.
fn assert_same(found: &Message, wanted: &str) {
    let found = found.result_text();
    assert!(found == wanted, "\n  sent {wanted}\n   got {found}");
}

fn assert_entry(list: &Message, wanted: &str) {
    let text = list.result_text();
    assert!(text.contains(wanted), "\n  wanted {wanted}\n  in {text}");
}

async fn everything_arrives_as_sent(client: &Raw) {
    assert_same(
        &answer(
            client,
            "tools/call",
            json!({ "name": "ns_odd", "arguments": {} }),
        )
        .await,
        &result(),
    );
    assert_same(
        &answer(client, "prompts/get", json!({ "name": "ns_odd" })).await,
        &prompt_result(),
    );
    let read = answer(
        client,
        "resources/read",
        json!({ "uri": "ns://odd://thing" }),
    )
    .await;
    assert_same(&read, &read_result("ns://odd://thing"));
    let reference = json!({ "type": "ref/prompt", "name": "ns_odd" });
    let asked = json!({ "ref": reference, "argument": { "name": "a", "value": "" } });
    assert_same(
        &answer(client, "completion/complete", asked).await,
        &completion(),
    );
    lists_arrive_as_sent(client).await;
    errors_arrive_as_sent(client).await;
}

async fn lists_arrive_as_sent(client: &Raw) {
    assert_entry(
        &answer(client, "tools/list", json!({})).await,
        &tool_entry("ns_odd"),
    );
    assert_entry(
        &answer(client, "prompts/list", json!({})).await,
        &prompt_entry("ns_odd"),
    );
    assert_entry(
        &answer(client, "resources/list", json!({})).await,
        &resource_entry("ns://odd://thing"),
    );
    assert_entry(
        &answer(client, "resources/templates/list", json!({})).await,
        &template_entry("ns://odd://{x}"),
    );
}

async fn errors_arrive_as_sent(client: &Raw) {
    let failed = answer(
        client,
        "tools/call",
        json!({ "name": "ns_fails", "arguments": {} }),
    )
    .await;
    let wanted = format!(r#"{{"code":-31999,"message":"odd","data":{ODD}}}"#);
    assert!(
        failed.text.contains(&wanted),
        "\n  wanted {wanted}\n  in {}",
        failed.text
    );
}

#[tokio::test]
async fn a_legacy_client_gets_what_a_legacy_child_sent_over_http() {
    let aggregator = Aggregator::http(&Config::new().child("ns", scripted(script("legacy")))).await;
    everything_arrives_as_sent(&Raw::http(&aggregator, LEGACY).await).await;
}

#[tokio::test]
async fn a_legacy_client_gets_what_a_legacy_child_sent_over_stdio() {
    let command = StdioCommand::new(&Config::new().child("ns", scripted(script("legacy"))));
    everything_arrives_as_sent(&Raw::stdio(&command, LEGACY).await).await;
}

/// Across the eras a result gains or loses the members that only one of them has; nothing else changes.
#[tokio::test]
async fn all_odd_members_survive_between_the_eras() {
    for era in ["legacy", "modern"] {
        let aggregator = Aggregator::http(&Config::new().child("ns", scripted(script(era)))).await;
        for version in [LEGACY, MODERN] {
            let client = Raw::http(&aggregator, version).await;
            lists_arrive_as_sent(&client).await;
            errors_arrive_as_sent(&client).await;
            let called = answer(
                &client,
                "tools/call",
                json!({ "name": "ns_odd", "arguments": {} }),
            )
            .await;
            let found = called.result_text();
            // `_meta` is the one object that we add to: a modern server says there who it is.
            let sent = result();
            let (before, after) = sent
                .split_once(r#""_meta":{"vendor.example"#)
                .expect("it has one");
            let after = after.split_once("}},").expect("it ends").1;
            let vendor = format!(r#""vendor.example/trace":{ODD}"#);
            for wanted in [before, &vendor, after.trim_end_matches('}')] {
                assert!(
                    found.contains(wanted),
                    "{era} child, {version} client\n  sent {wanted}\n   got {found}"
                );
            }
        }
    }
}

#[tokio::test]
async fn arguments_arrive_at_the_child_as_sent() {
    for era in ["legacy", "modern"] {
        let aggregator = Aggregator::http(&Config::new().child("ns", scripted(script(era)))).await;
        let client = Raw::http(&aggregator, LEGACY).await;
        let params = format!(r#"{{"name":"ns_echo","arguments":{ODD}}}"#);
        let answer = client
            .start_text("tools/call", &params)
            .await
            .answer()
            .await;
        assert_eq!(answer.value["result"]["content"][0]["text"], ODD, "{era}");
    }
}

#[tokio::test]
async fn unknown_members_of_a_request_arrive_at_the_child() {
    let aggregator = Aggregator::http(&Config::new().child("ns", scripted(script("legacy")))).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    let params = format!(
        r#"{{"x-odd":{ODD},"name":"ns_echo","arguments":{{}},"_meta":{{"vendor/key":{ODD}}}}}"#
    );
    client
        .start_text("tools/call", &params)
        .await
        .answer()
        .await;
    let asked =
        json!({ "name": "ns_received", "arguments": { "method": "tools/call", "count": 1 } });
    let received = answer(&client, "tools/call", asked).await;
    for wanted in [
        format!(r#""x-odd":{ODD}"#),
        format!(r#""vendor/key":{ODD}"#),
    ] {
        assert!(
            received.text.contains(&wanted),
            "\n  wanted {wanted}\n  in {}",
            received.text
        );
    }
}

#[tokio::test]
async fn a_notification_that_nobody_knows_arrives_at_the_only_client() {
    let command = StdioCommand::new(&Config::new().child("ns", scripted(script("legacy"))));
    let client = Raw::stdio(&command, LEGACY).await;
    client.call("ns_tells", json!({})).await;
    let told = client.notification("notifications/x-odd", |_| true).await;
    assert!(
        told.text.contains(&format!(r#""params":{ODD}"#)),
        "{}",
        told.text
    );
}

#[tokio::test]
async fn a_method_that_nobody_knows_reaches_the_only_child() {
    let mut child = scripted(script("legacy"));
    child["namespace"] = json!("");
    let aggregator = Aggregator::http(&Config::new().child("ns", child)).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    assert_same(&answer(&client, "x-odd/method", json!({})).await, ODD);
}
