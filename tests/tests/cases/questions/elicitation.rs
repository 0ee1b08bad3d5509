//! A23: elicitation, by form and by URL.

use mcp_compose_tests::raw::{Asking, LEGACY, MODERN, Raw, accepted};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

use super::{
    USERS, alone, askers, everything, http_child, named, reference_server, unrelated, users,
};
use crate::one;

const INVALID_PARAMS: i64 = -32602;
const URL_REQUIRED: i64 = -32042;

#[tokio::test]
async fn a23_a_form_reaches_the_user_who_called_and_decline_stays_decline() {
    for child in askers(true).await {
        let aggregator = child.composed().await;
        // The SDK asks in the way of the era itself.
        let tool = "ns_test_streaming_elicitation";
        for (version, tokens) in USERS {
            let (alice, bob, passer) = users(&aggregator.url, version, tokens).await;
            passer.listed(tool).await;
            let first = alice.ask(tool, json!({})).await.asking();
            let second = bob.ask(tool, json!({})).await.asking();
            for asking in [&first, &second] {
                let question = asking.question();
                named(question, asking.id());
                assert_eq!(
                    question.text(),
                    "[ns] The stateless streaming probe asks for a word"
                );
                let schema = &question.params["requestedSchema"];
                assert_eq!(schema["required"], json!(["response"]));
            }
            unrelated(&passer, "ns_test_simple_text").await;
            unrelated(&alice, "ns_test_simple_text").await;
            let told = second.answer(json!({ "action": "decline" })).await.result();
            assert_eq!(text(&told), "elicitation decline", "{}", child.what);
            let told = first.answer(accepted(json!({ "response": "yes" }))).await;
            assert_eq!(text(&told.result()), "elicitation accept");
            let third = bob.ask(tool, json!({})).await.asking();
            let told = third.answer(json!({ "action": "cancel" })).await.result();
            assert_eq!(text(&told), "elicitation cancel");
        }
    }
}

#[tokio::test]
async fn a23_what_the_user_wrote_reaches_the_python_server() {
    for child in askers(true).await {
        let aggregator = child.composed().await;
        let tool = child.tool("test_elicitation", "test_input_required_result_elicitation");
        for (version, tokens) in USERS {
            let (alice, bob, passer) = users(&aggregator.url, version, tokens).await;
            passer.listed(&tool).await;
            let arguments = json!({ "message": "tell me" });
            let first = alice.ask(&tool, arguments.clone()).await.asking();
            let second = bob.ask(&tool, arguments).await.asking();
            for (asking, word) in [(second, "Bob's word"), (first, "Alice's word")] {
                let form = &asking.question().params["requestedSchema"]["properties"];
                let field = form.as_object().and_then(|form| form.keys().next());
                let field = field.expect("a field").clone();
                let told = asking.answer(accepted(json!({ field: word }))).await;
                let told = told.result();
                assert!(text(&told).contains(word), "{}: {told}", child.what);
            }
        }
    }
}

/// Between a modern client and a modern child nobody remembers what was asked but the child: it judges the answers.
#[tokio::test]
async fn a23_an_answer_that_violates_the_schema_is_refused() {
    let wrong = || accepted(json!({ "response": 5, "name": 5 }));
    for child in askers(true).await {
        let aggregator = child.composed().await;
        let tool = child.tool("test_elicitation", "test_input_required_result_elicitation");
        let legacy = Raw::url(&aggregator.url, LEGACY, everything()).await;
        legacy.listed(&tool).await;
        let arguments = json!({ "message": "tell me" });
        if child.era == "legacy" {
            let modern = Raw::url(&aggregator.url, MODERN, everything()).await;
            let asking = modern.ask(&tool, arguments.clone()).await.asking();
            let key = asking.question().key.clone();
            let error = asking.retry(json!({ key.clone(): wrong() })).await.error();
            assert_eq!(error["code"], INVALID_PARAMS, "{}: {error}", child.what);
            // The user may correct it.
            let right = accepted(json!({ "response": "five", "name": "five" }));
            let told = asking.retry(json!({ key: right })).await.result();
            assert!(text(&told).contains("five"), "{told}");
        }
        let asking = legacy.ask(&tool, arguments).await.asking();
        let turn = asking.answer(wrong()).await;
        if child.era == "legacy" {
            // The child gets an error where it asked, and makes of it what it wants.
            let said = turn.result();
            let wanted = "Elicitation not supported or error";
            assert!(text(&said).starts_with(wanted), "{}: {said}", child.what);
        } else {
            let error = turn.error();
            let said = error["message"].as_str().expect("a message");
            assert!(said.contains("ns") && said.contains("refused"), "{error}");
        }
    }
}

/// A child that asks by URL, in its era's way; its tools tell what they were answered.
fn by_url(era: &str) -> Value {
    let url = "https://example.com/pay?a=1&b=%20";
    let params = json!({ "mode": "url", "message": "Please pay", "url": url });
    let plan = match era {
        "legacy" => {
            let mut params = params;
            params["elicitationId"] = json!("the child's own");
            let ask = json!({ "method": "elicitation/create", "params": params });
            json!({ "steps": [{ "ask": ask }], "answer": "answers" })
        }
        _ => {
            let asks = json!({ "pay": { "method": "elicitation/create", "params": params } });
            let required = json!({ "resultType": "input_required", "inputRequests": asks, "requestState": "as it was" });
            json!({ "answer": { "result": required }, "retry": { "answer": "brought" } })
        }
    };
    let complete = json!({
        "method": "notifications/elicitation/complete",
        "params": { "elicitationId": "the child's own" },
    });
    basic(json!({
        "era": era,
        "tools": [tool("pay"), tool("paid")],
        "calls": { "pay": plan, "paid": { "steps": [{ "notify": complete }] } },
    }))
}

/// The only question, which is the one for the URL.
fn url_of<'a>(asking: &'a Asking<'_>) -> &'a Value {
    let params = &asking.question().params;
    assert_eq!(params["mode"], "url", "{params}");
    assert_eq!(params["url"], "https://example.com/pay?a=1&b=%20");
    assert_eq!(params["message"], "[ns] Please pay");
    params
}

#[tokio::test]
async fn a23_a_url_reaches_the_user_who_called() {
    for era in ["legacy", "modern"] {
        let http = http_child(by_url(era)).await;
        for child in [scripted(by_url(era)), json!({ "url": http.url })] {
            let aggregator = one(child).await;
            for (version, tokens) in USERS {
                let (alice, bob, _) = users(&aggregator.url, version, tokens).await;
                let first = alice.ask("ns_pay", json!({})).await.asking();
                let second = bob.ask("ns_pay", json!({})).await.asking();
                let ids: Vec<_> = [&first, &second]
                    .map(|asking| url_of(asking)["elicitationId"].clone())
                    .to_vec();
                if version == MODERN {
                    assert_eq!(ids, [Value::Null, Value::Null], "the era has no ids");
                } else {
                    assert!(ids.iter().all(Value::is_string), "{ids:?}");
                    assert_ne!(ids[0], ids[1], "each is its own");
                }
                for (asking, action) in [(second, "decline"), (first, "accept")] {
                    let told = asking.answer(json!({ "action": action })).await.result();
                    let told = told["structuredContent"].to_string();
                    assert!(told.contains(action), "{era} {version}: {told}");
                    assert!(era == "legacy" || told.contains("as it was"), "{told}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a23_the_end_of_a_url_elicitation_is_told_to_its_client_only() {
    let http = http_child(by_url("legacy")).await;
    for child in [scripted(by_url("legacy")), json!({ "url": http.url })] {
        let aggregator = one(child).await;
        let (alice, bob, _) = users(&aggregator.url, LEGACY, [None, None]).await;
        let asking = alice.ask("ns_pay", json!({})).await.asking();
        let id = url_of(&asking)["elicitationId"].clone();
        asking.answer(json!({ "action": "accept" })).await.result();
        alice.call("ns_paid", json!({})).await;
        alice
            .notification("notifications/elicitation/complete", |params| {
                params["elicitationId"] == id
            })
            .await;
        bob.call("ns_echo", json!({})).await;
        assert_eq!(bob.count("notifications/elicitation/complete"), 0);
    }
}

#[tokio::test]
async fn a23_a_client_without_urls_is_asked_forms_only() {
    let forms = json!({ "elicitation": { "form": {} } });
    let legacy = one(scripted(by_url("legacy"))).await;
    let client = Raw::url(&legacy.url, LEGACY, forms).await;
    let told = client.call("ns_pay", json!({})).await;
    let answered = &told["structuredContent"]["answers"][0];
    assert!(answered["error"]["code"].is_i64(), "{answered}");
    assert!(client.questions().is_empty());
}

/// What the reference server throws when a URL has to be visited first, and what it asks when it was.
#[tokio::test]
async fn a23_a_required_url_reaches_clients_in_the_way_of_their_era() {
    let tool = "ns_trigger-url-elicitation";
    let arguments = || json!({ "url": "https://example.com/in", "errorPath": true });
    let child = || reference_server("server-everything", &["stdio"]);
    // No roots: the server asks for these at a time of its own.
    let pages = || json!({ "elicitation": { "form": {}, "url": {} } });

    let (client, _command) = alone(child(), LEGACY, pages()).await;
    client.listed(tool).await;
    let error = client.ask(tool, arguments()).await.error();
    assert_eq!(error["code"], URL_REQUIRED, "{error}");
    let required = &error["data"]["elicitations"][0];
    assert_eq!(required["url"], "https://modelcontextprotocol.io");
    let id = required["elicitationId"].as_str().expect("an id");
    assert!(id.starts_with("ns."), "made unique: {id}");
    let asking = client.ask(tool, arguments()).await.asking();
    assert_eq!(asking.question().params["url"], "https://example.com/in");
    let told = asking.answer(json!({ "action": "accept" })).await.result();
    assert!(text(&told).contains("User completed"), "{told}");

    let (client, _command) = alone(child(), MODERN, pages()).await;
    client.listed(tool).await;
    let asking = client.ask(tool, arguments()).await.asking();
    let required = &asking.question().params;
    assert_eq!(required["mode"], "url");
    assert_eq!(required["url"], "https://modelcontextprotocol.io");
    let asking = asking.answer(json!({ "action": "accept" })).await.asking();
    assert_eq!(asking.question().params["url"], "https://example.com/in");
    let told = asking.answer(json!({ "action": "decline" })).await.result();
    assert!(text(&told).contains("User declined"), "{told}");
}
