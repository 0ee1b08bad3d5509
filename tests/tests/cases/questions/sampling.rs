//! A22: sampling.

use mcp_compose_tests::conformance::{rmcp_over_http, rmcp_over_stdio};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw, sampled};
use mcp_compose_tests::scripted::text;
use serde_json::json;

use super::{USERS, alone, askers, everything, named, reference_server, unrelated, users};
use crate::one;

/// What the child asks, at both users of the same tool at once; Bob answers first.
async fn two_at_once(
    alice: &Raw,
    bob: &Raw,
    passer: &Raw,
    tool: &str,
    simple: &str,
    exposed: bool,
) {
    let asked = |prompt: &str| json!({ "prompt": prompt });
    let first = alice.ask(tool, asked("for Alice")).await.asking();
    unrelated(passer, simple).await;
    let second = bob.ask(tool, asked("for Bob")).await.asking();
    for (asking, who) in [(&first, "for Alice"), (&second, "for Bob")] {
        let question = asking.question();
        assert_eq!(question.method, "sampling/createMessage");
        // The child of the modern era asks all the same.
        let wanted = if tool.ends_with("test_sampling") {
            who
        } else {
            "What is the capital of France?"
        };
        assert_eq!(question.text(), wanted);
        if exposed {
            named(question, asking.id());
        }
    }
    unrelated(passer, simple).await;
    unrelated(alice, simple).await;

    let told = second.answer(sampled("only Bob knows")).await.result();
    assert!(text(&told).contains("only Bob knows"), "{told}");
    unrelated(bob, simple).await;
    let told = first.answer(sampled("only Alice knows")).await.result();
    assert!(text(&told).contains("only Alice knows"), "{told}");

    let legacy = usize::from(!alice.modern());
    for (client, count) in [(alice, legacy), (bob, legacy), (passer, 0)] {
        assert_eq!(client.questions().len(), count, "asked once, or never");
    }
}

#[tokio::test]
async fn a22_the_children_sample_directly() {
    for python in [true, false] {
        for child in askers(python).await {
            let Some(url) = &child.url else { continue };
            let version = if child.era == "legacy" {
                LEGACY
            } else {
                MODERN
            };
            let (alice, bob, passer) = users(url, version, [None, None]).await;
            let tool = child.tool("test_sampling", "test_input_required_result_sampling");
            let tool = tool.strip_prefix("ns_").expect("an exposed name");
            two_at_once(&alice, &bob, &passer, tool, "test_simple_text", false).await;
        }
    }
}

async fn sampling_reaches_the_user_who_called(python: bool) {
    for child in askers(python).await {
        let aggregator = child.composed().await;
        let tool = child.tool("test_sampling", "test_input_required_result_sampling");
        for (version, tokens) in USERS {
            let (alice, bob, passer) = users(&aggregator.url, version, tokens).await;
            passer.listed(&tool).await;
            two_at_once(&alice, &bob, &passer, &tool, "ns_test_simple_text", true).await;
        }
    }
}

#[tokio::test]
async fn a22_sampling_of_the_python_server_reaches_the_user_who_called() {
    sampling_reaches_the_user_who_called(true).await;
}

#[tokio::test]
async fn a22_sampling_of_the_rmcp_server_reaches_the_user_who_called() {
    sampling_reaches_the_user_who_called(false).await;
}

/// A child that speaks both eras has tools that ask in either way; each user meets it in his own.
#[tokio::test]
async fn a22_users_of_both_eras_are_asked_at_once() {
    let (_server, url) = rmcp_over_http().await;
    let over_stdio = rmcp_over_stdio();
    for mut child in [json!({ "url": url }), over_stdio] {
        child["namespace"] = json!("ns");
        let aggregator = one(child).await;
        let alice = Raw::url(&aggregator.url, LEGACY, everything()).await;
        let bob = Raw::url(&aggregator.url, MODERN, everything()).await;
        alice.listed("ns_test_sampling").await;
        let arguments = json!({ "prompt": "who?" });
        let first = alice.ask("ns_test_sampling", arguments).await.asking();
        let tool = "ns_test_input_required_result_sampling";
        let second = bob.ask(tool, json!({})).await.asking();
        unrelated(&alice, "ns_test_simple_text").await;
        for (asking, word) in [(second, "only Bob knows"), (first, "only Alice knows")] {
            named(asking.question(), asking.id());
            let told = asking.answer(sampled(word)).await.result();
            assert!(text(&told).contains(word), "{told}");
        }
        assert_eq!(alice.questions().len(), 1);
        assert!(bob.questions().is_empty(), "no request of its own");
    }
}

/// The reference server has this tool only where its client can sample.
#[tokio::test]
async fn a22_sampling_of_the_typescript_server_reaches_the_client_on_stdio() {
    for version in [LEGACY, MODERN] {
        let child = reference_server("server-everything", &["stdio"]);
        let (client, _command) = alone(child, version, json!({ "sampling": {} })).await;
        client.listed("ns_trigger-sampling-request").await;
        let arguments = json!({ "prompt": "to whom?", "maxTokens": 7 });
        let asking = client
            .ask("ns_trigger-sampling-request", arguments)
            .await
            .asking();
        let question = asking.question();
        assert!(question.text().ends_with("to whom?"), "{question:?}");
        assert_eq!(question.params["maxTokens"], 7);
        assert_eq!(
            question.params["systemPrompt"],
            "You are a helpful test server."
        );
        let told = asking.answer(sampled("only I know")).await.result();
        assert!(text(&told).contains("only I know"), "{told}");
    }
}
