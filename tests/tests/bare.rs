//! The crate in `fixtures/bare` compiles: here it runs.

use mcp_compose::test::{self, json};

#[tokio::test]
async fn servers_run_where_nothing_else_is() {
    let composition = bare::composition("a-program").expect("there is a program");
    let client = test::client(composition).await;
    let added = client
        .call("todos.add", json!({ "title": "rest", "in": "Bern" }))
        .await;
    assert_eq!(
        added.structured::<serde_json::Value>(),
        json!({ "result": ["rest 0 all 2 None Some(\"Bern\")"] })
    );
    assert_eq!(
        client.call("children", json!({})).await.text(),
        "database on-the-web"
    );
    assert_eq!(client.call("match", json!({ "type": 7 })).await.text(), "7");
    assert_eq!(client.call("stored__count", json!({})).await.text(), "2");
    assert!(bare::composition("").is_err());
}
