//! The doubles ask and answer as the cases need it, with no aggregator in between.

use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw, accepted, rooted};
use mcp_compose_tests::scripted::{basic, tool};
use serde_json::{Value, json};

use super::{everything, http_child};

fn asking(era: &str) -> Value {
    let form = json!({ "method": "elicitation/create", "params": { "message": "who?" } });
    let fill = match era {
        "legacy" => json!({ "steps": [{ "ask": form }], "answer": "answers" }),
        _ => {
            let required =
                json!({ "resultType": "input_required", "inputRequests": { "who": form } });
            json!({ "answer": { "result": required }, "retry": { "answer": "brought" } })
        }
    };
    let log = json!({ "notify": { "method": "notifications/message", "params": { "level": "info", "data": "answered" } } });
    let later = json!([{ "ask_aside": { "method": "roots/list" } }, log]);
    basic(json!({
        "era": era,
        "tools": [tool("fill"), tool("leave"), tool("answers")],
        "calls": {
            "fill": fill,
            "leave": { "steps": [{ "later": later }] },
            "answers": { "answer": "answers" },
        },
    }))
}

async fn asks_and_answers(client: &Raw) {
    let asking = client.ask("fill", json!({})).await.asking();
    assert_eq!(asking.question().text(), "who?");
    let on_stream = asking.question().on;
    assert!(on_stream.is_none() || on_stream == asking.id());
    let told = asking.answer(accepted(json!({ "name": "me" }))).await;
    let told = told.result();
    assert!(
        told["structuredContent"].to_string().contains("me"),
        "{told}"
    );
    if client.modern() {
        return;
    }
    let asking = client.ask("fill", json!({})).await.asking();
    let told = asking.refuse(-1, "no").await.result();
    assert!(told.to_string().contains("-1"), "{told}");
    // A question that belongs to no call.
    client.call("leave", json!({})).await;
    let question = client.asked("roots/list").await;
    assert_eq!(question.on, None);
    let roots = rooted("file:///here");
    client.respond(&question.key, "result", &roots).await;
    client
        .notification("notifications/message", |log| log["data"] == "answered")
        .await;
    let told = client.call("answers", json!({})).await;
    assert!(told.to_string().contains("file:///here"), "{told}");
}

#[tokio::test]
async fn the_scripted_child_and_the_raw_client_ask_and_answer() {
    for (era, version) in [("legacy", LEGACY), ("modern", MODERN)] {
        let child = http_child(asking(era)).await;
        asks_and_answers(&Raw::url(&child.url, version, everything()).await).await;
        let mut start = command(mcp_compose_tests::peers::binary("scripted_child"));
        let process = Process::start(start.arg(asking(era).to_string()));
        asks_and_answers(&Raw::process_with(process, version, everything()).await).await;
    }
}
