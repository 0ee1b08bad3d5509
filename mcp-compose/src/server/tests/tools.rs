//! Tools: schemas, arguments, results, errors.

use super::*;

#[test]
fn lists_tools_in_the_portable_profile() {
    let server = LocalServer::new(Todos::default());
    let tools = &server.lists().tools;
    assert_eq!(
        listed(tools, "add"),
        json!({
            "name": "add",
            "description": "Add a todo.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "title": { "type": "string", "description": "What to do." },
                    "priority": {
                        "type": "integer", "minimum": 0, "maximum": 255, "description": "0 is lowest.", "default": 0,
                    },
                    "dueDate": { "type": "string" },
                },
                "required": ["title"],
                "additionalProperties": false,
            },
            "outputSchema": {
                "type": "object",
                "properties": {
                    "title": { "type": "string", "description": "What to do." },
                    "priority": { "type": "integer", "minimum": 0, "maximum": 255 },
                    "due": { "description": "When.", "anyOf": [{ "type": "string" }, { "type": "null" }] },
                },
                "required": ["title", "priority", "due"],
            },
            "annotations": { "readOnlyHint": false, "idempotentHint": true },
        })
    );
    let whole = listed(tools, "whole");
    assert_eq!(
        whole["inputSchema"]["properties"]["due"],
        json!({ "type": "string", "description": "When." })
    );
    assert_eq!(
        whole["inputSchema"]["required"],
        json!(["title", "priority"])
    );
    let none = listed(tools, "how-many");
    assert_eq!(
        none["inputSchema"],
        json!({ "type": "object", "properties": {}, "additionalProperties": false })
    );
    assert_eq!(none.get("outputSchema"), None);
    let titles = listed(tools, "titles");
    let strings = json!({ "type": "array", "items": { "type": "string" } });
    assert_eq!(titles["outputSchema"]["properties"]["result"], strings);
    let paint = listed(tools, "paint");
    assert_eq!(
        paint["inputSchema"]["properties"]["color"]["default"],
        "green"
    );
    assert_eq!(
        paint["inputSchema"]["properties"]["what"]["default"],
        "wall"
    );
    assert_eq!(paint["inputSchema"].get("required"), None);
    assert_eq!(
        listed(tools, "whoami")["inputSchema"]["properties"],
        json!({})
    );
}

#[test]
fn recursive_arguments_keep_definitions_that_resolve() {
    let server = LocalServer::new(Todos::default());
    let schema = &listed(&server.lists().tools, "depth")["inputSchema"];
    assert!(schema["$defs"]["Tree"].is_object(), "{schema}");
    let validator = jsonschema::validator_for(schema).unwrap();
    let leaf = json!({ "name": "b", "children": [] });
    assert!(validator.is_valid(&json!({ "tree": { "name": "a", "children": [leaf] } })));
    assert!(!validator.is_valid(&json!({ "tree": { "name": "a", "children": [{ "name": 1 }] } })));
}

#[tokio::test]
async fn schemas_written_by_hand_are_kept() {
    let server = LocalServer::new(Todos::default());
    assert_eq!(
        listed(&server.lists().tools, "by_hand")["inputSchema"],
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "name": { "type": "string" } },
            "properties": { "name": { "$ref": "#/$defs/name" } },
            "additionalProperties": false,
        })
    );
    assert_eq!(text(&call("by_hand", json!({ "name": "x" })).await), "x");
}

#[tokio::test]
async fn structured_result_has_a_text_mirror() {
    let result = call("add", json!({ "title": "x", "dueDate": null })).await;
    assert_eq!(
        result["structuredContent"],
        json!({ "title": "x", "priority": 0, "due": null })
    );
    assert_eq!(
        serde_json::from_str::<Value>(text(&result)).unwrap(),
        result["structuredContent"]
    );
    assert_eq!(result.get("isError"), None);
}

#[tokio::test]
async fn other_results() {
    assert_eq!(
        call("how-many", json!({})).await,
        json!({ "content": [{ "type": "text", "text": "0" }] })
    );
    assert_eq!(
        call("titles", json!({})).await["structuredContent"],
        json!({ "result": [] })
    );
    let tree = json!({ "name": "a", "children": [{ "name": "b" }] });
    assert_eq!(
        call("depth", json!({ "tree": tree })).await["structuredContent"],
        json!({ "result": 2 })
    );
    assert_eq!(
        call("work", json!({ "steps": 0 })).await,
        json!({ "content": [] })
    );
    assert_eq!(
        call("picture", json!({})).await["content"],
        json!([{ "type": "text", "text": "look" }, { "type": "image", "data": "AQID", "mimeType": "image/png" }])
    );
    assert_eq!(text(&call("paint", json!({})).await), "wall true");
    assert_eq!(
        text(&call("paint", json!({ "color": "red", "what": null })).await),
        "wall false"
    );
    assert_eq!(text(&call("whoami", json!({})).await), "ann false");
}

#[tokio::test]
async fn wrong_arguments_are_all_named_in_one_tool_error() {
    let result = call(
        "add",
        json!({ "titel": "x", "priority": "high", "colour": 1 }),
    )
    .await;
    assert_eq!(result["isError"], true);
    let message = text(&result);
    for part in [
        "missing argument `title`",
        "unknown argument `titel`; did you mean `title`?",
        "argument `priority`: invalid type: string \"high\", expected u8",
        "unknown argument `colour`; expected: title, priority, dueDate",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert!(text(&call("how-many", json!({ "x": 1 })).await).contains("none are expected"));
    assert!(
        text(&call("whole", json!({ "title": "x" })).await).contains("missing field `priority`")
    );
}

#[tokio::test]
async fn errors_of_tools() {
    for (how, message) in [
        ("io", "disk full"),
        ("panic", "`fail` panicked: at the disco"),
    ] {
        let result = call("fail", json!({ "how": how })).await;
        assert_eq!(
            (result["isError"].as_bool(), text(&result)),
            (Some(true), message)
        );
    }
    let protocol = handle(
        "tools/call",
        json!({ "name": "fail", "arguments": { "how": "protocol" } }),
    )
    .await;
    assert_eq!(protocol.unwrap_err(), RpcError::new(-32000, "not now"));
    assert_eq!(text(&call("search", json!({})).await), "nothing found");
    let (nobody, _) = ctx(false, &CancellationToken::new());
    let refused = LocalServer::new(Todos::default())
        .handle("tools/call", r#"{"name":"whoami"}"#, nobody)
        .await;
    assert_eq!(refused.unwrap_err().code, -32001);
}
