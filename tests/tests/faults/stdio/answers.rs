//! Answers that are none, come twice, late, or to nothing; and requests that a child may not make.

use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

use super::{Bed, print, prints, reason};
use mcp_compose_tests::aggregator::Config;

fn result(id: &str, said: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":"{said}"}}]}}}}"#
    ) + "\n"
}

/// A tool that writes this in place of an answer.
fn writes(text: &str) -> Value {
    json!({ "steps": [print(text)], "answer": "nothing" })
}

#[tokio::test]
async fn a18_the_first_of_two_answers_counts() {
    let both = result("{id}", "first") + &result("{id}", "second");
    let script = json!({ "tools": [tool("twice")], "calls": { "twice": writes(&both) } });
    let bed = Bed::new(script).await;
    for n in 0..50 {
        let told = bed.call("twice").await.expect("an answer");
        assert_eq!(text(&told), "first");
        let arguments = json!({ "n": n });
        let told = bed
            .call_with("echo", arguments.clone())
            .await
            .expect("an answer");
        assert_eq!(text(&told), arguments.to_string());
    }
    let received = bed.client.received();
    assert!(received.iter().all(|one| !one.text.contains("second")));
}

#[tokio::test]
async fn a19_answers_to_what_was_never_asked_go_nowhere() {
    let ids = [
        r#""{id}""#,
        "null",
        "{id}.0",
        "{id}.5",
        "-1",
        "0",
        "999999",
        "18446744073709551616",
        r#""x""#,
        "1e3",
    ];
    let strange: String = ids.iter().map(|id| result(id, "stolen")).collect();
    let script = json!({
        "tools": [tool("strange")],
        "calls": { "strange": { "steps": [print(&strange)] } },
    });
    let bed = Bed::new(script).await;
    let told = bed
        .call_with("strange", json!({ "a": 1 }))
        .await
        .expect("an answer");
    assert_eq!(text(&told), r#"{"a":1}"#);
    bed.call("strange").await.expect("an answer");
    bed.logs("answers to what was never asked").await;
    bed.is_well().await;
    let received = bed.client.received();
    assert!(received.iter().all(|one| !one.text.contains("stolen")));
}

#[tokio::test]
async fn a20_what_comes_after_the_deadline_is_not_delivered() {
    let late = json!({ "steps": ["until_cancelled", print(&result("{id}", "too late"))] });
    let script = basic(json!({ "tools": [tool("late")], "calls": { "late": late } }));
    let mut child = scripted(script);
    child["timeout"] = json!(1);
    let bed = Bed::with(child, Config::new()).await;
    for _ in 0..2 {
        assert_eq!(bed.reason("late").await, "child_timeout");
        bed.is_well().await;
    }
    let received = bed.client.received();
    assert!(received.iter().all(|one| !one.text.contains("too late")));
}

#[tokio::test]
async fn a21_an_answer_of_a_wrong_shape_fails_its_call_and_no_other() {
    let shapes = [
        (
            "both",
            r#"{"jsonrpc":"2.0","id":{id},"result":{},"error":{"code":1,"message":"x"}}"#,
        ),
        ("neither", r#"{"jsonrpc":"2.0","id":{id}}"#),
        ("array", r#"{"jsonrpc":"2.0","id":{id},"result":[]}"#),
        ("nothing", r#"{"jsonrpc":"2.0","id":{id},"result":null}"#),
        ("text", r#"{"jsonrpc":"2.0","id":{id},"error":"x"}"#),
        ("old", r#"{"jsonrpc":"1.0","id":{id},"result":{}}"#),
        ("bare", r#"{"id":{id},"result":{}}"#),
    ];
    let tools: Vec<_> = shapes.iter().map(|(name, _)| tool(name)).collect();
    let mut calls: serde_json::Map<_, _> = shapes
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), writes(&format!("{shape}\n"))))
        .collect();
    calls.insert("wait".to_owned(), json!({ "steps": ["until_released"] }));
    calls.insert("go".to_owned(), json!({ "steps": ["release"] }));
    let tools = [tools, vec![tool("wait"), tool("go")]].concat();
    let bed = Bed::new(json!({ "tools": tools, "calls": calls })).await;
    let wait = json!({ "name": "ns_wait", "arguments": { "a": 1 } });
    let waiting = bed.client.start("tools/call", wait).await;
    for (name, _) in shapes {
        let error = bed.call(name).await.expect_err("it has no result");
        assert_eq!(reason(&error), "child_protocol_error", "{name}: {error}");
    }
    bed.call("go").await.expect("it serves on");
    assert_eq!(text(&waiting.answer().await.value["result"]), r#"{"a":1}"#);
}

#[tokio::test]
async fn a22_a_flood_of_questions_is_refused_and_fills_nothing() {
    let question = |method: &str| {
        prints(
            &format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{{n}},\"method\":\"{method}\",\"params\":{{}}}}\n"
            ),
            30_000,
        )
    };
    let asks = [
        "sampling/createMessage",
        "elicitation/create",
        "roots/list",
        "x",
    ]
    .map(question);
    let script = json!({
        "tools": [tool("asks"), tool("deaf")],
        "calls": {
            "asks": { "steps": asks },
            "deaf": { "steps": ["deaf", asks[0], asks[1]] },
        },
    });
    let bed = Bed::new(script).await;
    let memory = bed.memory();
    bed.call("asks").await.expect("it is served all the same");
    bed.is_well().await;
    assert!(bed.logged("a question is refused").len() <= 10);
    bed.call("deaf").await.expect("it is served all the same");
    assert!(memory.rise("a22") < 32 * 1024);
    let received = bed.client.received();
    assert!(received.iter().all(|one| {
        one.method()
            .is_none_or(|method| method.starts_with("notifications/"))
    }));
}
