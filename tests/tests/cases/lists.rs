//! Lists: entries as the child has them, malformed ones, and pages.

use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{scripted, text, tool};
use serde_json::{Value, json};

use super::{VERSIONS, one};

fn rich_tool(name: &str) -> Value {
    json!({
        "name": name,
        "title": "Rich",
        "description": "Has all that a tool can have.",
        "icons": [{ "src": "https://example.com/icon.png", "mimeType": "image/png", "sizes": ["48x48"] }],
        "inputSchema": { "type": "object", "properties": { "a": { "type": "integer" } }, "required": ["a"] },
        "outputSchema": { "type": "object", "properties": { "b": { "type": "string" } } },
        "annotations": { "title": "T", "readOnlyHint": true, "destructiveHint": false, "openWorldHint": false },
        "_meta": { "example.com/key": { "nested": [1, 2] } },
    })
}

#[tokio::test]
async fn a08_list_entry_equals_the_childs() {
    let mut legacy = rich_tool("rich");
    legacy["execution"] = json!({ "taskSupport": "forbidden" });
    let aggregator = one(scripted(json!({ "tools": [legacy.clone()] }))).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    legacy["name"] = json!("ns_rich");
    assert_eq!(client.list("tools").await, [legacy]);

    // `execution` belongs to 2025-11-25 alone, and strict modern clients refuse lists that have it.
    let modern = Raw::http(&aggregator, MODERN).await;
    let mut found = modern.list("tools").await.remove(0);
    found
        .as_object_mut()
        .expect("an object")
        .remove("execution");
    assert_eq!(found, rich_tool("ns_rich"));
}

#[tokio::test]
async fn a09_each_kind_of_malformed_tool_hides_only_itself() {
    let malformed = [
        json!({ "name": "bad" }),
        json!({ "name": "bad", "inputSchema": null }),
        json!({ "name": "bad", "inputSchema": "object" }),
        json!({ "name": 7, "inputSchema": { "type": "object" } }),
        json!({ "inputSchema": { "type": "object" } }),
        json!(["bad"]),
        json!(null),
    ];
    for bad in malformed {
        let aggregator = one(scripted(json!({ "tools": [tool("a"), bad, tool("b")] }))).await;
        for version in [LEGACY, MODERN] {
            let client = Raw::http(&aggregator, version).await;
            assert_eq!(client.names("tools").await, ["ns_a", "ns_b"], "{bad}");
            assert_eq!(
                text(&client.call("ns_b", json!({ "x": 1 })).await),
                r#"{"x":1}"#
            );
        }
        let said = aggregator.process.stderr().all().join("\n");
        assert!(
            said.contains("ns") && said.len() > 40,
            "{bad} is not reported: {said}"
        );
    }
}

#[tokio::test]
async fn a09_a_schema_that_cannot_be_used_does_not_hide_its_tool() {
    let unusable = json!({ "name": "odd", "inputSchema": { "type": "object", "properties": { "a": { "$ref": "#/nowhere" } } } });
    let remote =
        json!({ "name": "remote", "inputSchema": { "$ref": "https://schemas.example/none.json" } });
    let aggregator = one(scripted(json!({ "tools": [tool("a"), unusable, remote] }))).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    assert_eq!(client.names("tools").await, ["ns_a", "ns_odd", "ns_remote"]);
    for name in ["ns_odd", "ns_remote"] {
        assert_eq!(
            text(&client.call(name, json!({ "a": 1 })).await),
            r#"{"a":1}"#,
            "relayed unvalidated"
        );
    }
}

#[tokio::test]
async fn a10_children_with_pages_mount_fully() {
    let many = |make: fn(usize) -> Value| (0..100).map(make).collect::<Vec<_>>();
    let script = json!({
        "page": 10,
        "tools": many(|n| json!({ "name": format!("t{n}"), "inputSchema": { "type": "object" } })),
        "prompts": many(|n| json!({ "name": format!("p{n}") })),
        "resources": many(|n| json!({ "name": format!("r{n}"), "uri": format!("r://{n}") })),
        "templates": many(|n| json!({ "name": format!("x{n}"), "uriTemplate": format!("x{n}://{{id}}") })),
    });
    let aggregator = one(scripted(script)).await;
    for version in VERSIONS {
        let client = Raw::http(&aggregator, version).await;
        for (kind, last) in [
            ("tools", "ns_t99"),
            ("prompts", "ns_p99"),
            ("resources", "ns://r://99"),
            ("templates", "ns://x99://{id}"),
        ] {
            let names = client.names(kind).await;
            assert_eq!(names.len(), 100, "{kind} for {version}");
            assert_eq!(names[99], last);
        }
    }
}

#[tokio::test]
async fn a15_two_resources_of_one_name_are_both_readable() {
    let read = |uri: &str| json!({ "answer": { "result": { "contents": [{ "uri": uri, "text": uri }] } } });
    let script = json!({
        "resources": [{ "uri": "a://1", "name": "same" }, { "uri": "b://2", "name": "same" }],
        "reads": { "a://1": read("a://1"), "b://2": read("b://2") },
    });
    let aggregator = one(scripted(script)).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    for (entry, original) in client
        .list("resources")
        .await
        .iter()
        .zip(["a://1", "b://2"])
    {
        let read = client
            .request("resources/read", json!({ "uri": entry["uri"] }))
            .await;
        assert_eq!(read["contents"][0]["text"], original);
    }
}

#[tokio::test]
async fn a16_no_mime_type_is_invented_and_sizes_are_kept() {
    let bare = json!({ "uri": "a://bare", "name": "bare" });
    let full = json!({
        "uri": "a://full", "name": "full", "title": "Full", "description": "d", "mimeType": "application/x-odd",
        "size": 12345, "annotations": { "audience": ["assistant"], "priority": 0.7 },
    });
    let aggregator = one(scripted(json!({
        "resources": [bare, full],
        "reads": { "a://bare": { "answer": { "result": { "contents": [{ "uri": "a://bare", "text": "t" }] } } } },
    }))).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    let mut wanted = [bare, full];
    wanted[0]["uri"] = json!("ns://a://bare");
    wanted[1]["uri"] = json!("ns://a://full");
    assert_eq!(client.list("resources").await, wanted);
    let read = client
        .request("resources/read", json!({ "uri": "ns://a://bare" }))
        .await;
    assert_eq!(
        read["contents"],
        json!([{ "uri": "ns://a://bare", "text": "t" }])
    );
}
