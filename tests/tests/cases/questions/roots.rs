//! A26: roots.

use mcp_compose_tests::patiently;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw, rooted};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

use super::{USERS, alone, askers, everything, named, reference_server, unrelated, users};
use crate::one;

#[tokio::test]
async fn a26_the_callers_roots_reach_the_child() {
    for child in askers(false).await {
        let aggregator = child.composed().await;
        let tool = child.tool("test_list_roots", "test_input_required_result_list_roots");
        for (version, tokens) in USERS {
            let (alice, bob, passer) = users(&aggregator.url, version, tokens).await;
            passer.listed(&tool).await;
            let first = alice.ask(&tool, json!({})).await.asking();
            let second = bob.ask(&tool, json!({})).await.asking();
            for asking in [&first, &second] {
                assert_eq!(asking.question().method, "roots/list", "{}", child.what);
                named(asking.question(), asking.id());
            }
            unrelated(&passer, "ns_test_simple_text").await;
            let told = second.answer(rooted("file:///home/bob")).await.result();
            assert!(text(&told).contains("file:///home/bob"), "{told}");
            let told = first.answer(rooted("file:///home/alice")).await.result();
            assert!(text(&told).contains("file:///home/alice"), "{told}");
        }
    }
}

/// A client whose roots the reference server for files asks for, as soon as it runs and whenever they change.
struct Owner {
    client: Raw,
    folder: tempfile::TempDir,
}

impl Owner {
    async fn new(url: &str) -> Self {
        Self {
            client: Raw::url(url, LEGACY, everything()).await,
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    fn root(&self) -> String {
        let folder = self.folder.path().canonicalize().expect("it exists");
        folder.to_string_lossy().into_owned()
    }

    /// Answers the next question for roots, which may belong to no call.
    async fn give_roots(&self) {
        let question = self.client.asked("roots/list").await;
        let roots = rooted(&format!("file://{}", self.root()));
        self.client.respond(&question.key, "result", &roots).await;
    }

    async fn allowed(&self) -> String {
        let allowed = self
            .client
            .call("ns_list_allowed_directories", json!({}))
            .await;
        text(&allowed).to_owned()
    }

    /// Waits until the server works in this client's root.
    async fn is_home(&self) {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
        patiently("the root to be used", async {
            while !self.allowed().await.contains(&self.root()) {
                look.tick().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a26_each_users_files_stay_in_his_own_roots() {
    let base = tempfile::tempdir().expect("a temporary folder");
    let base = base.path().to_str().expect("a UTF-8 path");
    let aggregator = one(reference_server("server-filesystem", &[base])).await;
    let (alice, mut bob) = (
        Owner::new(&aggregator.url).await,
        Owner::new(&aggregator.url).await,
    );
    alice.client.listed("ns_list_allowed_directories").await;
    for user in [&alice, &bob] {
        // The first call starts the user's own server, which asks right away.
        let (_, ()) = tokio::join!(user.allowed(), user.give_roots());
        user.is_home().await;
    }
    assert!(!alice.allowed().await.contains(&bob.root()));
    assert!(!bob.allowed().await.contains(&alice.root()));

    // Bob moves: his server is told, and asks again.
    let before = bob.root();
    bob.folder = tempfile::tempdir().expect("a temporary folder");
    bob.client
        .notify("notifications/roots/list_changed", json!({}))
        .await;
    bob.give_roots().await;
    bob.is_home().await;
    assert!(!bob.allowed().await.contains(&before));
    assert!(alice.allowed().await.contains(&alice.root()));
    assert_eq!(alice.client.questions().len(), 1, "nothing to ask Alice");
}

#[tokio::test]
async fn a26_a_change_of_roots_is_told_to_the_clients_own_session_only() {
    let aggregator = one(scripted(basic(json!({})))).await;
    let changed = json!({ "method": "notifications/roots/list_changed", "count": 1 });
    let messages = |received: &Value| received["structuredContent"]["messages"].clone();
    let (alice, bob, _) = users(&aggregator.url, LEGACY, [None, None]).await;
    for user in [&alice, &bob] {
        user.call("ns_echo", json!({})).await;
    }
    alice
        .notify("notifications/roots/list_changed", json!({}))
        .await;
    let heard = alice.call("ns_received", changed).await;
    assert_eq!(messages(&heard).as_array().map(Vec::len), Some(1));
    let all = bob
        .call(
            "ns_received",
            json!({ "method": "notifications/roots/list_changed" }),
        )
        .await;
    assert_eq!(messages(&all), json!([]), "Bob's roots did not change");
}

/// The reference server asks a third of a second after it was greeted, when nobody calls.
#[tokio::test]
async fn a26_roots_of_the_client_on_stdio_reach_the_typescript_server() {
    let child = reference_server("server-everything", &["stdio"]);
    let (client, _command) = alone(child, LEGACY, everything()).await;
    let question = client.asked("roots/list").await;
    let roots = rooted("file:///home/alice");
    client.respond(&question.key, "result", &roots).await;
    client.listed("ns_get-roots-list").await;
    let told = client.call("ns_get-roots-list", json!({})).await;
    assert!(text(&told).contains("file:///home/alice"), "{told}");
}

#[tokio::test]
async fn a26_configured_roots_are_told_to_every_child_without_asking_anybody() {
    let ask = json!({ "steps": [{ "ask": { "method": "roots/list" } }], "answer": "answers" });
    let mut child = scripted(basic(
        json!({ "tools": [tool("ask")], "calls": { "ask": ask } }),
    ));
    child["roots"] = json!([{ "uri": "file:///srv/data", "name": "data" }]);
    let aggregator = one(child).await;
    for (version, capabilities) in [
        (LEGACY, everything()),
        (LEGACY, json!({})),
        (MODERN, everything()),
    ] {
        let client = Raw::url(&aggregator.url, version, capabilities).await;
        let told = client.call("ns_ask", json!({})).await;
        let answers = &told["structuredContent"]["answers"];
        let last = answers.as_array().and_then(|answers| answers.last());
        let root = last.map(|answer| &answer["result"]["roots"][0]["uri"]);
        assert_eq!(root, Some(&json!("file:///srv/data")), "{told}");
        assert!(client.questions().is_empty());
    }
}
