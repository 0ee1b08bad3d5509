//! Resources and templates.

use super::*;

#[tokio::test]
async fn resources() {
    let server = LocalServer::new(Todos::default());
    assert_eq!(
        listed(&server.lists().resources, "settings"),
        json!({
            "uri": "app://settings",
            "name": "settings",
            "mimeType": "text/plain",
            "size": 5,
            "annotations": { "audience": ["user"], "priority": 0.5 },
        })
    );
    assert_eq!(
        listed(&server.lists().templates, "item"),
        json!({ "uriTemplate": "todo://items/{id}", "name": "item", "description": "One todo." })
    );
    let read = |uri: &str| handle("resources/read", json!({ "uri": uri }));
    assert_eq!(
        read("app://settings").await.unwrap(),
        json!({ "contents": [{ "uri": "app://settings", "mimeType": "text/plain", "text": "quiet" }] })
    );
    assert_eq!(
        read("app://bytes").await.unwrap()["contents"][0]["blob"],
        "AQID"
    );
    let item = read("todo://items/7").await.unwrap();
    assert_eq!(item["contents"][0]["uri"], "todo://items/7");
    assert_eq!(item["contents"][0]["mimeType"], "application/json");
    let body: Todo = serde_json::from_str(item["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(body.title, "todo 7");
    assert_eq!(
        read("todo://items/404").await.unwrap_err().message,
        "no such todo"
    );
    let missing = read("app://nope").await.unwrap_err();
    assert_eq!(missing.data.as_deref(), Some(r#"{"uri":"app://nope"}"#));
}
