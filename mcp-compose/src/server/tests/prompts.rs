//! Prompts and completions.

use super::*;

#[tokio::test]
async fn prompts_take_strings() {
    let server = LocalServer::new(Todos::default());
    assert_eq!(
        listed(&server.lists().prompts, "plan"),
        json!({
            "name": "plan",
            "description": "Plan the work.",
            "title": "Plan",
            "arguments": [
                { "name": "topic", "description": "Area to plan.", "required": true },
                { "name": "hours", "required": false },
            ],
        })
    );
    let plan = |arguments: Value| {
        handle(
            "prompts/get",
            json!({ "name": "plan", "arguments": arguments }),
        )
    };
    assert_eq!(
        plan(json!({ "topic": "42", "hours": "8" })).await.unwrap(),
        json!({
            "description": "Plan the work.",
            "messages": [{ "role": "user", "content": { "type": "text", "text": "Plan 42 in Some(8)" } }],
        })
    );
    assert!(
        plan(json!({ "topic": "x", "hours": "many" }))
            .await
            .unwrap_err()
            .message
            .contains("`hours`")
    );
    let review = handle("prompts/get", json!({ "name": "review" }))
        .await
        .unwrap();
    assert_eq!(review["messages"][0]["content"]["resource"]["text"], "x");
    assert_eq!(review["messages"][1]["role"], "assistant");
}

#[tokio::test]
async fn completions() {
    let complete = |reference: Value, name: &str| {
        let argument = json!({ "name": name, "value": "a" });
        handle(
            "completion/complete",
            json!({ "ref": reference, "argument": argument }),
        )
    };
    let found = complete(json!({ "type": "ref/prompt", "name": "plan" }), "topic")
        .await
        .unwrap();
    assert_eq!(found["completion"]["values"].as_array().unwrap().len(), 100);
    assert_eq!(found["completion"]["total"], 150);
    assert_eq!(found["completion"]["hasMore"], true);
    assert_eq!(found["completion"]["values"][3], "a3");
    let template = json!({ "type": "ref/resource", "uri": "todo://items/{id}" });
    assert_eq!(
        complete(template, "id").await.unwrap()["completion"]["total"],
        150
    );
    let none = complete(json!({ "type": "ref/prompt", "name": "plan" }), "hours")
        .await
        .unwrap();
    assert_eq!(
        none["completion"],
        json!({ "values": [], "total": 0, "hasMore": false })
    );
    assert!(
        complete(json!({ "type": "ref/prompt", "name": "nope" }), "x")
            .await
            .is_err()
    );
}
