//! A24, A25: questions that nobody can be asked are refused at once, and nothing is made up.

use mcp_compose_tests::patiently;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw, sampled};
use mcp_compose_tests::scripted::{HttpChild, basic, scripted, text, tool};
use serde_json::{Value, json};

use super::{askers, everything, http_child};
use crate::one;

/// No method, to whom the client said that it has none.
const NO_SUCH_METHOD: i64 = -32601;

fn sampling() -> Value {
    let message = json!({ "role": "user", "content": { "type": "text", "text": "who?" } });
    json!({ "method": "sampling/createMessage", "params": { "messages": [message], "maxTokens": 5 } })
}

fn form() -> Value {
    let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] });
    json!({ "method": "elicitation/create", "params": { "message": "who?", "requestedSchema": schema } })
}

/// A legacy child with a tool for each question; the tools answer with what was answered.
fn asking() -> Value {
    let ask = |question: Value| json!({ "steps": [{ "ask": question }], "answer": "answers" });
    basic(json!({
        "tools": [tool("sample"), tool("fill"), tool("root")],
        "calls": { "sample": ask(sampling()), "fill": ask(form()), "root": ask(json!({ "method": "roots/list" })) },
    }))
}

/// The last answer that the child got.
fn last(result: &Value) -> Value {
    let answers = result["structuredContent"]["answers"].as_array();
    let last = answers.and_then(|answers| answers.last()).cloned();
    last.unwrap_or_else(|| panic!("no answer in {result}"))
}

/// What the child was told of its client when it was greeted, in the session of this client.
async fn told(client: &Raw) -> Value {
    let greeted = client
        .call("ns_received", json!({ "method": "initialize" }))
        .await;
    greeted["structuredContent"]["messages"][0]["params"]["capabilities"].clone()
}

/// The child that asked goes on: its question got an error, or its session is over, and with it what it asked.
async fn freed(child: &HttpChild) {
    tokio::select! {
        answered = patiently("an answer to the child", child.answer()) => {
            assert!(answered["error"]["code"].is_i64(), "{answered}");
        }
        () = patiently("the end of the session", child.heard("http DELETE")) => {}
    }
}

#[tokio::test]
async fn a24_a_client_without_the_capability_is_never_asked() {
    for python in [true, false] {
        for child in askers(python).await {
            let aggregator = child.composed().await;
            for version in [LEGACY, MODERN] {
                let client = Raw::http(&aggregator, version).await;
                let tools = [
                    child.tool("test_sampling", "test_input_required_result_sampling"),
                    child.tool("test_elicitation", "test_input_required_result_elicitation"),
                ];
                client.listed(&tools[0]).await;
                for tool in tools {
                    let arguments = json!({ "prompt": "anyone?", "message": "anyone?" });
                    let call = json!({ "name": tool, "arguments": arguments });
                    let said = match client.try_request("tools/call", call).await {
                        Ok(result) => result.to_string(),
                        Err(error) => error.to_string(),
                    };
                    for invented in [
                        "LLM response",
                        "Model said",
                        "User response",
                        "Hello",
                        "input_required",
                    ] {
                        assert!(!said.contains(invented), "{} {tool}: {said}", child.what);
                    }
                }
                assert!(client.questions().is_empty());
                // The child lives, and serves.
                client.call("ns_test_simple_text", json!({})).await;
            }
        }
    }
}

#[tokio::test]
async fn a24_a_child_is_told_exactly_what_its_client_can() {
    let aggregator = one(scripted(asking())).await;
    let some = json!({ "elicitation": { "form": {} } });
    for version in [LEGACY, MODERN] {
        for wanted in [json!({}), some.clone(), everything()] {
            let client = Raw::url(&aggregator.url, version, wanted.clone()).await;
            let told = told(&client).await;
            let mut wanted = wanted;
            if version == MODERN && wanted["roots"].is_object() {
                // Clients of that era have no way to tell of a change.
                wanted["roots"] = json!({});
            }
            assert_eq!(told, wanted, "{version}");
        }
        // What it was not told it may not ask.
        let client = Raw::url(&aggregator.url, version, some.clone()).await;
        for tool in ["ns_sample", "ns_root"] {
            let answered = last(&client.call(tool, json!({})).await);
            assert_eq!(answered["error"]["code"], NO_SUCH_METHOD, "{answered}");
        }
        assert!(client.questions().is_empty());
    }
}

#[tokio::test]
async fn a24_what_is_denied_is_neither_told_nor_asked() {
    let mut child = scripted(asking());
    for question in ["sampling", "elicitation", "roots"] {
        child[question] = json!("deny");
    }
    let aggregator = one(child).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::url(&aggregator.url, version, everything()).await;
        let told = told(&client).await;
        assert_eq!(told, json!({}), "{version}");
        for tool in ["ns_sample", "ns_fill", "ns_root"] {
            let answered = last(&client.call(tool, json!({})).await);
            assert_eq!(answered["error"]["code"], NO_SUCH_METHOD, "{answered}");
        }
        assert!(client.questions().is_empty());
    }
}

#[tokio::test]
async fn a24_a_modern_child_that_asks_what_its_client_cannot_gets_no_answer() {
    let required = json!({ "resultType": "input_required", "inputRequests": { "who": form() } });
    let plan = json!({ "answer": { "result": required }, "retry": { "answer": "brought" } });
    let script =
        basic(json!({ "era": "modern", "tools": [tool("fill")], "calls": { "fill": plan } }));
    let aggregator = one(scripted(script)).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::url(&aggregator.url, version, json!({ "sampling": {} })).await;
        let turn = client.ask("ns_fill", json!({})).await;
        let error = turn.error().to_string();
        assert!(
            error.contains("ns") && error.contains("elicitation"),
            "{error}"
        );
        let calls = client
            .call("ns_received", json!({ "method": "tools/call" }))
            .await
            .to_string();
        assert!(!calls.contains("inputResponses"), "{calls}");
    }
}

#[tokio::test]
async fn a25_a_question_outside_of_any_call_is_refused_at_once() {
    let log = json!({ "notify": { "method": "notifications/message", "params": { "level": "error", "data": "answered" } } });
    let later = json!([{ "ask_aside": sampling() }, log]);
    let script = basic(json!({
        "tools": [tool("leave"), tool("answers")],
        "calls": {
            "leave": { "steps": [{ "later": later }], "answer": { "result": { "content": [] } } },
            "answers": { "answer": "answers" },
        },
    }));
    let http = http_child(script.clone()).await;
    for child in [scripted(&script), json!({ "url": http.url })] {
        let aggregator = one(child).await;
        let client = Raw::url(&aggregator.url, LEGACY, everything()).await;
        client.call("ns_leave", json!({})).await;
        // The child goes on only when it was answered.
        client
            .notification("notifications/message", |message| {
                message["data"] == "answered"
            })
            .await;
        let answered = last(&client.call("ns_answers", json!({})).await);
        assert_eq!(answered["error"]["code"], NO_SUCH_METHOD, "{answered}");
        assert!(client.questions().is_empty());
        let logged = aggregator
            .process
            .stderr()
            .find(|line| line.contains("ns") && line.contains("sampling/createMessage"));
        patiently("a line in the log", logged).await;
    }
}

#[tokio::test]
async fn a25_a_child_whose_client_leaves_while_asked_is_told_so() {
    let child = http_child(asking()).await;
    let aggregator = one(json!({ "url": child.url })).await;
    let client = Raw::url(&aggregator.url, LEGACY, everything()).await;
    let asking = client.ask("ns_sample", json!({})).await.asking();
    drop(asking);
    client.close().await;
    freed(&child).await;
}

#[tokio::test]
async fn a25_a_cancelled_call_takes_its_question_along() {
    let child = http_child(asking()).await;
    let aggregator = one(json!({ "url": child.url })).await;
    let client = Raw::url(&aggregator.url, LEGACY, everything()).await;
    let asking = client.ask("ns_fill", json!({})).await.asking();
    let question = asking.question().clone();
    let id: Value = serde_json::from_str(&question.key).expect("an id");
    asking.cancel().await;
    let answered = patiently("an answer to the child", child.answer()).await;
    assert!(answered["error"]["code"].is_i64(), "{answered}");
    // The client need not ask its user any longer.
    client
        .notification("notifications/cancelled", |cancelled| {
            cancelled["requestId"] == id
        })
        .await;
    // What the user says all the same reaches nobody, and harms nothing.
    client
        .respond(&question.key, "result", &json!({ "action": "cancel" }))
        .await;
    client.call("ns_echo", json!({})).await;
}

#[tokio::test]
async fn a25_an_error_of_the_client_is_an_error_for_the_child() {
    let aggregator = one(scripted(asking())).await;
    let client = Raw::url(&aggregator.url, LEGACY, everything()).await;
    let asking = client.ask("ns_sample", json!({})).await.asking();
    let turn = asking.refuse(-1, "the user rejected the sampling").await;
    let answered = last(&turn.result());
    assert_eq!(answered["error"]["code"], -1, "{answered}");
    assert_eq!(
        answered["error"]["message"],
        "the user rejected the sampling"
    );
}

#[tokio::test]
async fn a25_an_answer_that_comes_too_late_is_no_answer() {
    for version in [LEGACY, MODERN] {
        let child = http_child(asking()).await;
        let aggregator = one(json!({ "url": child.url, "questionTimeout": 1 })).await;
        let client = Raw::url(&aggregator.url, version, everything()).await;
        let asking = client.ask("ns_sample", json!({})).await.asking();
        freed(&child).await;
        if let Some(call) = asking.id() {
            let ended = client.outcome(call).await;
            let answered = last(&ended["result"]);
            assert!(answered["error"]["code"].is_i64(), "{answered}");
        } else {
            let error = asking.answer(sampled("too late")).await.error();
            assert_eq!(error["code"], -32602, "{error}");
        }
        assert_eq!(text(&client.call("ns_echo", json!({})).await), "{}");
    }
}
