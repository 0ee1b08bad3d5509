//! A server written with `#[mcp_server]`, as clients of both eras see it.

use mcp_compose_tests::aggregator::Aggregator;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use serde_json::json;

const WATCHED: &str = "test://watched-resource";
const OTHER: &str = "test://static-text";
const CHANGE: &str = "test_resource_change";
const UPDATED: &str = "notifications/resources/updated";

#[tokio::test]
async fn whoever_subscribed_is_told_that_a_resource_changed_and_nobody_else() {
    let server = Aggregator::example("conformance").await;
    let legacy = Raw::url(&server.url, LEGACY, json!({})).await;
    let modern = Raw::url(&server.url, MODERN, json!({})).await;
    let other = Raw::url(&server.url, LEGACY, json!({})).await;
    legacy
        .request("resources/subscribe", json!({ "uri": WATCHED }))
        .await;
    let _listening = modern
        .listen(json!({ "resourceSubscriptions": [WATCHED] }))
        .await;

    other.call(CHANGE, json!({ "uri": WATCHED })).await;
    for client in [&legacy, &modern] {
        client
            .notification(UPDATED, |params| params["uri"] == WATCHED)
            .await;
    }

    legacy
        .request("resources/unsubscribe", json!({ "uri": WATCHED }))
        .await;
    legacy
        .request("resources/subscribe", json!({ "uri": OTHER }))
        .await;
    for uri in [WATCHED, OTHER] {
        other.call(CHANGE, json!({ "uri": uri })).await;
    }
    // Updates keep their order: had there been a second one of the first resource, it would be here.
    legacy
        .notification(UPDATED, |params| params["uri"] == OTHER)
        .await;
    assert_eq!(legacy.count(UPDATED), 2);
    modern.notifications(UPDATED, 2).await;
    assert_eq!(other.count(UPDATED), 0);
}

#[tokio::test]
async fn a_tool_knows_what_its_client_can_be_asked_for() {
    let server = Aggregator::example("conformance").await;
    for version in [LEGACY, MODERN] {
        let params = json!({ "name": "test_missing_capability", "arguments": {} });
        let able = Raw::url(&server.url, version, json!({ "sampling": {} })).await;
        let result = able.request("tools/call", params.clone()).await;
        assert_eq!(result["content"][0]["text"], "the client can sample");

        let unable = Raw::url(&server.url, version, json!({ "roots": {} })).await;
        let refused = unable.try_request("tools/call", params).await.unwrap_err();
        assert_eq!(refused["code"], -32021, "{version}: {refused}");
        assert_eq!(
            refused["data"],
            json!({ "requiredCapabilities": { "sampling": {} } })
        );
    }
}
