//! What is relayed: arguments, results, errors, contents, templates and completions.

use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

use super::{VERSIONS, one};

#[tokio::test]
async fn a07_arguments_arrive_byte_equal() {
    let schemas = [
        (
            "open",
            json!({ "type": "object" }),
            r#"{"z":1.0,"a":{"b":[]},"n":null}"#,
        ),
        (
            "closed",
            json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "additionalProperties": false }),
            r#"{"a":12345678901234567890}"#,
        ),
        (
            "nested",
            json!({ "type": "object", "properties": { "o": { "type": "object", "properties": { "l": { "type": "array" } } } } }),
            r#"{"o":{"l":[{"deep":1e2},"\u00e9"],"extra":true}}"#,
        ),
        (
            "nullable",
            json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } }, "required": ["a"] }),
            r#"{"a":null}"#,
        ),
        (
            "referring",
            json!({ "type": "object", "$defs": { "p": { "type": "number" } }, "properties": { "a": { "$ref": "#/$defs/p" } } }),
            r#"{"a":1.10}"#,
        ),
    ];
    let tools: Vec<_> = schemas
        .iter()
        .map(|(name, schema, _)| json!({ "name": name, "inputSchema": schema }))
        .collect();
    let aggregator = one(scripted(json!({ "tools": tools }))).await;
    let client = Raw::http(&aggregator, LEGACY).await;
    for (name, _, arguments) in schemas {
        let params = format!(r#"{{"name":"ns_{name}","arguments":{arguments}}}"#);
        let answer = client
            .start_text("tools/call", &params)
            .await
            .answer()
            .await;
        assert_eq!(text(&answer.value["result"]), arguments, "{name}");
    }
}

#[tokio::test]
async fn a07_arguments_that_do_not_fit_never_reach_the_child() {
    let strict = json!({ "name": "strict", "inputSchema": {
        "type": "object", "properties": { "part": { "type": "object", "properties": { "count": { "type": "integer" } } } },
        "required": ["part"], "additionalProperties": false,
    } });
    let aggregator = one(scripted(basic(json!({ "tools": [strict] })))).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        let params = json!({ "name": "ns_strict", "arguments": { "part": { "count": "many" } } });
        let refused = match client.try_request("tools/call", params).await {
            Err(error) => error["message"].as_str().expect("a message").to_owned(),
            Ok(result) => {
                assert_eq!(result["isError"], true, "{result}");
                text(&result).to_owned()
            }
        };
        assert!(
            refused.contains("part") && refused.contains("count"),
            "the path is missing: {refused}"
        );
        let arrived = client
            .call("ns_received", json!({ "method": "tools/call" }))
            .await;
        assert!(!arrived.to_string().contains("strict"), "{arrived}");
    }
}

#[tokio::test]
async fn a11_an_error_with_several_contents_survives() {
    let result = json!({
        "content": [{ "type": "text", "text": "first" }, { "type": "text", "text": "second" }],
        "structuredContent": { "code": 7 }, "isError": true,
    });
    let script =
        json!({ "tools": [tool("fail")], "calls": { "fail": { "answer": { "result": result } } } });
    let aggregator = one(scripted(script)).await;
    for version in VERSIONS {
        let found = Raw::http(&aggregator, version)
            .await
            .call("ns_fail", json!({}))
            .await;
        for member in ["content", "structuredContent", "isError"] {
            assert_eq!(found[member], result[member], "{version}");
        }
    }
}

#[tokio::test]
async fn a12_code_message_and_data_of_an_error_survive() {
    let error =
        json!({ "code": -31234, "message": "the child says no", "data": { "why": ["a", 1] } });
    let fails = json!({ "answer": { "error": error } });
    let script = json!({
        "tools": [tool("t")], "prompts": [{ "name": "p" }], "resources": [{ "uri": "r://1", "name": "r" }],
        "calls": { "t": fails }, "gets": { "p": fails }, "reads": { "r://1": fails }, "completions": { "p": fails },
    });
    let aggregator = one(scripted(script)).await;
    for version in VERSIONS {
        let client = Raw::http(&aggregator, version).await;
        let reference = json!({ "type": "ref/prompt", "name": "ns_p" });
        for (method, params) in [
            ("tools/call", json!({ "name": "ns_t", "arguments": {} })),
            ("prompts/get", json!({ "name": "ns_p" })),
            ("resources/read", json!({ "uri": "ns://r://1" })),
            (
                "completion/complete",
                json!({ "ref": reference, "argument": { "name": "a", "value": "" } }),
            ),
        ] {
            let found = client
                .try_request(method, params)
                .await
                .expect_err("the child refuses");
            assert_eq!(found, error, "{method} for {version}");
        }
    }
}

fn contents() -> Value {
    json!([
        { "type": "text", "text": "t" },
        { "type": "image", "data": "aGk=", "mimeType": "image/png" },
        { "type": "audio", "data": "aGk=", "mimeType": "audio/wav" },
        { "type": "resource_link", "uri": "app://linked", "name": "linked" },
        { "type": "resource", "resource": { "uri": "app://embedded", "text": "in it" } },
        { "type": "not/yet/known", "value": 1 },
    ])
}

#[tokio::test]
async fn a13_every_kind_of_content_survives_and_links_can_be_read() {
    let read = |uri: &str| json!({ "answer": { "result": { "contents": [{ "uri": uri, "text": "read" }] } } });
    let script = json!({
        "tools": [tool("all")],
        "prompts": [{ "name": "all" }],
        "resources": [{ "uri": "app://linked", "name": "linked" }],
        "templates": [{ "uriTemplate": "app://{name}", "name": "any" }],
        "calls": { "all": { "answer": { "result": { "content": contents() } } } },
        "gets": { "all": { "answer": { "result": { "messages": [{ "role": "user", "content": contents()[4] }] } } } },
        "reads": { "app://linked": read("app://linked"), "app://embedded": read("app://embedded") },
    });
    let aggregator = one(scripted(script)).await;
    for version in VERSIONS {
        let client = Raw::http(&aggregator, version).await;
        let found = client.call("ns_all", json!({})).await;
        let mut wanted = contents();
        wanted[3]["uri"] = json!("ns://app://linked");
        wanted[4]["resource"]["uri"] = json!("ns://app://embedded");
        assert_eq!(found["content"], wanted, "{version}");
        let prompt = client
            .request("prompts/get", json!({ "name": "ns_all" }))
            .await;
        assert_eq!(prompt["messages"][0]["content"], wanted[4]);
        for uri in ["ns://app://linked", "ns://app://embedded"] {
            let read = client
                .request("resources/read", json!({ "uri": uri }))
                .await;
            assert_eq!(read["contents"][0]["text"], "read", "{uri}");
        }
    }
}

#[tokio::test]
async fn a14_the_uri_of_contents_is_the_one_that_was_asked_for() {
    let contents =
        json!([{ "uri": "app://a", "text": "t" }, { "uri": "app://a/part", "blob": "aGk=" }]);
    let script = json!({
        "resources": [{ "uri": "app://a", "name": "a" }],
        "reads": { "app://a": { "answer": { "result": { "contents": contents } } } },
    });
    let aggregator = one(scripted(script)).await;
    for version in VERSIONS {
        let client = Raw::http(&aggregator, version).await;
        let read = client
            .request("resources/read", json!({ "uri": "ns://app://a" }))
            .await;
        assert_eq!(read["contents"][0]["uri"], "ns://app://a");
        assert_eq!(read["contents"][1]["uri"], "ns://app://a/part");
    }
}

#[tokio::test]
async fn a17_templates_are_listed_readable_and_completed() {
    let script = basic(json!({
        "templates": [{ "uriTemplate": "weather://{city}/{+path}", "name": "any", "mimeType": "text/plain" }],
        "reads": { "weather://oslo/now/here": { "answer": { "result": { "contents": [
            { "uri": "weather://oslo/now/here", "text": "4" },
        ] } } } },
        "completions": { "weather://{city}/{+path}": { "answer": { "result": { "completion": { "values": ["oslo"] } } } } },
    }));
    let aggregator = one(scripted(script)).await;
    for version in VERSIONS {
        let client = Raw::http(&aggregator, version).await;
        assert_eq!(
            client.names("templates").await,
            ["ns://weather://{city}/{+path}"]
        );
        let read = client
            .request(
                "resources/read",
                json!({ "uri": "ns://weather://oslo/now/here" }),
            )
            .await;
        assert_eq!(read["contents"][0]["text"], "4");
        let reference = json!({ "type": "ref/resource", "uri": "ns://weather://{city}/{+path}" });
        let asked = json!({ "ref": reference, "argument": { "name": "city", "value": "o" } });
        let completed = client.request("completion/complete", asked).await;
        assert_eq!(completed["completion"]["values"], json!(["oslo"]));
    }
    let client = Raw::http(&aggregator, LEGACY).await;
    let asked = client
        .call(
            "ns_received",
            json!({ "method": "completion/complete", "count": 1 }),
        )
        .await;
    assert_eq!(
        asked["structuredContent"]["messages"][0]["params"]["ref"]["uri"],
        "weather://{city}/{+path}"
    );
}

#[tokio::test]
async fn a18_prompts_complete_and_need_no_arguments() {
    let result =
        json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": "go" } }] });
    let script = basic(json!({
        "prompts": [{ "name": "bare" }, { "name": "asks", "arguments": [{ "name": "a", "required": true }] }],
        "gets": { "bare": { "answer": { "result": result } } },
        "completions": { "asks": { "answer": { "result": { "completion": { "values": ["x", "y"], "hasMore": true } } } } },
    }));
    let aggregator = one(scripted(script)).await;
    for version in VERSIONS {
        let client = Raw::http(&aggregator, version).await;
        for params in [
            json!({ "name": "ns_bare" }),
            json!({ "name": "ns_bare", "arguments": {} }),
        ] {
            let got = client.request("prompts/get", params).await;
            assert_eq!(got["messages"], result["messages"]);
        }
        let context = json!({ "arguments": { "b": "chosen" } });
        let reference = json!({ "type": "ref/prompt", "name": "ns_asks" });
        let asked = json!({ "ref": reference, "argument": { "name": "a", "value": "" }, "context": context });
        let completed = client.request("completion/complete", asked).await;
        assert_eq!(completed["completion"]["values"], json!(["x", "y"]));
        assert_eq!(completed["completion"]["hasMore"], true);
    }
    let client = Raw::http(&aggregator, LEGACY).await;
    let asked = client
        .call(
            "ns_received",
            json!({ "method": "completion/complete", "count": 1 }),
        )
        .await;
    let params = &asked["structuredContent"]["messages"][0]["params"];
    assert_eq!(params["ref"]["name"], "asks");
    assert_eq!(params["context"]["arguments"]["b"], "chosen");
}
