//! A44: an aggregator as a child of an aggregator, the real binary both times.

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::conformance::rmcp_over_stdio;
use mcp_compose_tests::raw::{LEGACY, MODERN, Question, Raw, accepted, rooted, sampled};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

use super::questions::everything;

/// The outer aggregator, and what its only child needs to live.
struct Nest {
    outer: Aggregator,
    _inner: Inner,
}

enum Inner {
    Http { _running: Aggregator },
    Stdio { _command: StdioCommand },
}

/// How the inner aggregator is reached, and in which era.
const WAYS: [(&str, &str); 4] = [
    ("stdio", "auto"),
    ("stdio", "legacy"),
    ("HTTP", "auto"),
    ("HTTP", "legacy"),
];

/// An aggregator over `in`, an aggregator over `leaf` and `script`.
async fn nest((transport, era): (&str, &str), leaf: Value) -> Nest {
    let wait = basic(json!({
        "tools": [tool("wait"), tool("steps")],
        "calls": {
            "wait": { "steps": [{ "progress": { "progress": 1 } }, "until_cancelled"] },
            "steps": { "steps": [{ "count": 5 }] },
        },
    }));
    let config = Config::new()
        .child("leaf", leaf)
        .child("script", scripted(wait));
    let (mut entry, inner) = if transport == "stdio" {
        let command = StdioCommand::new(&config);
        (command.entry(), Inner::Stdio { _command: command })
    } else {
        let running = Aggregator::http(&config).await;
        let entry = json!({ "url": running.url });
        (entry, Inner::Http { _running: running })
    };
    entry["era"] = json!(era);
    Nest {
        outer: Aggregator::http(&Config::new().child("in", entry)).await,
        _inner: inner,
    }
}

/// rmcp's server, in the era in which it asks with requests, or the one in which it answers that input is required.
fn leaf(era: &str) -> Value {
    let mut leaf = rmcp_over_stdio();
    leaf["namespace"] = json!("leaf");
    leaf["era"] = json!(era);
    leaf
}

#[tokio::test]
async fn a44_tools_uris_and_progress_pass_two_levels() {
    for way in WAYS {
        let nest = nest(way, leaf("auto")).await;
        for version in [LEGACY, MODERN] {
            let client = Raw::http(&nest.outer, version).await;
            client.listed("in_leaf_test_simple_text").await;
            client.listed("in_script_steps").await;
            let said = client.call("in_leaf_test_simple_text", json!({})).await;
            assert_eq!(text(&said), "This is a simple text response for testing.");

            let uri = "in://leaf://test://static-text";
            assert!(
                client
                    .names("resources")
                    .await
                    .iter()
                    .any(|name| name == uri)
            );
            let read = client
                .request("resources/read", json!({ "uri": uri }))
                .await;
            assert_eq!(read["contents"][0]["uri"], uri, "{way:?} {version}");
            let template = "in://leaf://test://template/{id}/data";
            let templates = client.names("templates").await;
            assert!(
                templates.iter().any(|name| name == template),
                "{templates:?}"
            );
            let uri = "in://leaf://test://template/7/data";
            let read = client
                .request("resources/read", json!({ "uri": uri }))
                .await;
            assert_eq!(read["contents"][0]["uri"], uri);
            let linked = client
                .call("in_leaf_test_embedded_resource", json!({}))
                .await;
            assert_eq!(
                linked["content"][0]["resource"]["uri"],
                "in://leaf://test://embedded-resource"
            );

            let call = json!({ "name": "in_script_steps", "arguments": {}, "_meta": { "progressToken": "mine" } });
            let answer = client.start("tools/call", call).await.answer().await;
            assert!(answer.value.get("result").is_some(), "{}", answer.text);
            let seen: Vec<_> = client
                .received()
                .into_iter()
                .filter(|message| message.method() == Some("notifications/progress"))
                .map(|message| message.value["params"].clone())
                .collect();
            let steps: Vec<_> = seen.iter().map(|step| step["progress"].as_u64()).collect();
            assert_eq!(
                steps,
                (1..=5).map(Some).collect::<Vec<_>>(),
                "{way:?} {version}"
            );
            assert!(seen.iter().all(|step| step["progressToken"] == "mine"));
        }
    }
}

/// The question names both children on its way, the nearer one last.
fn named_twice(question: &Question) {
    if question.method == "elicitation/create" {
        assert!(question.text().starts_with("[in] [leaf] "), "{question:?}");
    }
    assert_eq!(
        question.params["_meta"]["mcpCompose/child"], "in",
        "{question:?}"
    );
}

/// Two users, who are both asked at once.
async fn asked_through_two_levels(way: (&str, &str), era: &str) {
    let nest = nest(way, leaf(era)).await;
    let (sample, fill, root) = match era {
        "legacy" => ("test_sampling", "test_elicitation", "test_list_roots"),
        _ => (
            "test_input_required_result_sampling",
            "test_input_required_result_elicitation",
            "test_input_required_result_list_roots",
        ),
    };
    let tool = |name: &str| format!("in_leaf_{name}");
    for version in [LEGACY, MODERN] {
        let url = &nest.outer.url;
        let alice = Raw::url(url, version, everything()).await;
        let bob = Raw::url(url, version, everything()).await;
        alice.listed(&tool(sample)).await;

        let arguments = json!({ "prompt": "who?", "message": "who?" });
        let first = alice.ask(&tool(sample), arguments.clone()).await.asking();
        let second = bob.ask(&tool(sample), arguments.clone()).await.asking();
        for (asking, answer) in [(second, "Bob's"), (first, "Alice's")] {
            named_twice(asking.question());
            let told = asking.answer(sampled(answer)).await.result();
            assert!(text(&told).contains(answer), "{way:?} {version}: {told}");
        }

        let first = alice.ask(&tool(fill), arguments.clone()).await.asking();
        let second = bob.ask(&tool(fill), arguments).await.asking();
        for (asking, answer) in [(second, "Bob's"), (first, "Alice's")] {
            named_twice(asking.question());
            let content = json!({ "username": answer, "email": answer, "name": answer });
            let told = asking.answer(accepted(content)).await.result();
            assert!(text(&told).contains(answer), "{way:?} {version}: {told}");
        }

        let asking = alice.ask(&tool(root), json!({})).await.asking();
        named_twice(asking.question());
        let told = asking.answer(rooted("file:///home/alice")).await.result();
        assert!(text(&told).contains("file:///home/alice"), "{told}");
    }
}

macro_rules! asked {
    ($($name:ident: $way:expr, $era:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            asked_through_two_levels($way, $era).await;
        }
    )*};
}

asked! {
    a44_questions_of_a_legacy_child_pass_two_levels_over_stdio: WAYS[0], "legacy";
    a44_questions_of_a_legacy_child_pass_a_legacy_level_over_stdio: WAYS[1], "legacy";
    a44_questions_of_a_legacy_child_pass_two_levels_over_http: WAYS[2], "legacy";
    a44_questions_of_a_legacy_child_pass_a_legacy_level_over_http: WAYS[3], "legacy";
    a44_questions_of_a_modern_child_pass_two_levels_over_stdio: WAYS[0], "modern";
    a44_questions_of_a_modern_child_pass_a_legacy_level_over_stdio: WAYS[1], "modern";
    a44_questions_of_a_modern_child_pass_two_levels_over_http: WAYS[2], "modern";
    a44_questions_of_a_modern_child_pass_a_legacy_level_over_http: WAYS[3], "modern";
}

#[tokio::test]
async fn a44_a_cancelled_call_is_cancelled_two_levels_down() {
    for way in WAYS {
        let nest = nest(way, leaf("auto")).await;
        for (index, version) in [LEGACY, MODERN].into_iter().enumerate() {
            let client = Raw::http(&nest.outer, version).await;
            client.listed("in_script_wait").await;
            let call = json!({ "name": "in_script_wait", "arguments": {}, "_meta": { "progressToken": version } });
            let call = client.start("tools/call", call).await;
            // It runs all the way down.
            client
                .notification("notifications/progress", |_| true)
                .await;
            client.cancel(&call).await;
            let wanted = json!({ "method": "notifications/cancelled", "count": index + 1 });
            let received = client.call("in_script_received", wanted).await;
            let cancelled = &received["structuredContent"]["messages"];
            assert_eq!(
                cancelled.as_array().map(Vec::len),
                Some(index + 1),
                "{way:?} {version}: {received}"
            );
        }
    }
}
