//! The test kit, tested: what it says when a test cannot go on, and what it hears.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Notify;

use super::{Client, Protocol, both, client, json};
use crate::{Composition, Ctx, LogLevel, Result, SampleRequest, mcp_server};

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    yes: bool,
}

#[derive(Default)]
struct Probe {
    begun: Arc<Notify>,
    dropped: Arc<Notify>,
}

struct Drops(Arc<Notify>);

impl Drop for Drops {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Does what a client can see.
#[mcp_server]
impl Probe {
    /// Asks twice, and tells before, between and after.
    #[tool(read_only)]
    async fn ask(&self, ctx: &Ctx) -> Result<String> {
        let first = ctx.elicit::<Confirm>("first", "One?").await?;
        ctx.log(LogLevel::Info, "between").await;
        let second = ctx.elicit::<Confirm>("second", "Two?").await?;
        ctx.progress_with(1, 2, "half").await;
        ctx.progress(2, 2).await;
        let yes = [first, second].map(|answer| answer.is_some_and(|answer| answer.yes));
        Ok(format!("{yes:?}"))
    }

    /// Asks a model and for folders, at once.
    #[tool(read_only)]
    async fn at_once(&self, ctx: &Ctx) -> Result<String> {
        let asked = SampleRequest::from("Write.");
        let (sampled, roots) = tokio::join!(ctx.sample("text", asked), ctx.roots());
        Ok(format!("{} in {}", sampled?.text(), roots?[0].uri))
    }

    /// Asks for a page.
    #[tool(read_only)]
    async fn page(&self, ctx: &Ctx) -> Result<bool> {
        let opened = ctx
            .elicit_url("page", "Log in.", "https://example.com/login")
            .await?;
        Ok(opened.is_some_and(|()| true))
    }

    /// Never ends.
    #[tool(read_only)]
    async fn wait(&self) {
        let _drops = Drops(Arc::clone(&self.dropped));
        self.begun.notify_one();
        std::future::pending::<()>().await;
    }
}

/// What a test would die of.
async fn panic_of(test: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(test).catch_unwind().await.unwrap_err();
    *panic.downcast::<String>().expect("a text")
}

fn yes(client: &Client, key: &str) {
    client.answer(key, json!({ "yes": true }));
}

#[tokio::test]
async fn questions_are_answered_in_both_eras() {
    both(Probe::default, async |client| {
        yes(&client, "first");
        client.decline("second");
        let asked = client.call("ask", ()).await;
        assert_eq!(asked.text(), "[true, false]");
        let keys: Vec<_> = client.questions().into_iter().map(|of| of.key).collect();
        assert_eq!(keys, [Some("first".to_owned()), Some("second".to_owned())]);
        let progress: Vec<_> = asked.progress().iter().map(|of| of.progress).collect();
        assert_eq!(progress, [1.0, 2.0]);
        assert_eq!(client.progress(), asked.progress());
        assert_eq!(client.progress()[0].message.as_deref(), Some("half"));
        assert_eq!(client.logs()[0].data, "between");

        client.roots(["file:///srv"]);
        client.answer_sampling("text", "A text");
        let at_once = client.call("at_once", ()).await;
        assert_eq!(at_once.text(), "A text in file:///srv");

        client.answer("page", ());
        assert_eq!(client.call("page", ()).await.text(), "true");
        client.cancel("page");
        assert_eq!(client.call("page", ()).await.text(), "false");
    })
    .await;
}

#[tokio::test]
async fn a_question_without_an_answer_fails_the_test_and_says_which() {
    both(Probe::default, async |client| {
        yes(&client, "first");
        let why = panic_of(async { drop(client.call("ask", ()).await) }).await;
        assert!(
            why.contains("tests.rs")
                && why.contains(
                    "tool `ask`: the server asked `second` (elicitation/create: \"Two?\")"
                )
                && why.contains("`client.answer(\"second\", json!({..}))`"),
            "{why}"
        );
        // The client goes on.
        yes(&client, "second");
        assert_eq!(client.call("ask", ()).await.text(), "[true, true]");
    })
    .await;
}

#[tokio::test]
async fn questions_of_a_child_are_known_by_key_or_message() {
    let composed = || Composition::builder().child("p", Probe::default()).build();
    both(composed, async |client| {
        yes(&client, "first");
        yes(&client, "Two?");
        assert_eq!(client.call("p_ask", ()).await.text(), "[true, true]");
        let messages: Vec<_> = client
            .questions()
            .into_iter()
            .map(|of| of.message)
            .collect();
        assert_eq!(messages[0].as_deref(), Some("[p] One?"));
    })
    .await;
}

#[tokio::test]
async fn what_compose_declares_is_tested_as_it_stands() {
    crate::compose! {
        struct Backend {
            p: local(Probe::default()),
        }
    }
    let backend = Backend::new();
    let client = client(backend.clone()).await;
    client.decline("page");
    assert_eq!(client.call("p_page", ()).await.text(), "false");
    // The handles reach the children that the client's server started.
    assert_eq!(backend.p.list_tools().await.expect("a child").len(), 4);
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    for protocol in Protocol::ALL {
        let probe = Probe::default();
        let (begun, dropped) = (Arc::clone(&probe.begun), Arc::clone(&probe.dropped));
        let client = client(probe).protocol(protocol).await;
        tokio::select! {
            _ = client.call("wait", ()) => panic!("it ended"),
            () = begun.notified() => {}
        }
        let ended = tokio::time::timeout(Duration::from_secs(30), dropped.notified());
        ended.await.expect("the method is dropped");
    }
}

#[tokio::test]
async fn a_call_without_an_end_fails_the_test() {
    let client = client(Probe::default())
        .timeout(Duration::from_millis(2500))
        .await;
    let why = panic_of(async { drop(client.call("wait", ()).await) }).await;
    assert!(
        why.ends_with("tool `wait` was not answered within 2.5 s"),
        "{why}"
    );
}

#[tokio::test]
async fn a_composition_that_cannot_start_fails_the_test_with_all_that_is_wrong() {
    let wrong = Composition::builder()
        .child("Not a name", Probe::default())
        .child("a", Probe::default())
        .child("a", Probe::default())
        .build();
    let why = panic_of(async { drop(client(wrong).await) }).await;
    assert!(why.contains("the composition cannot start:"), "{why}");
    assert!(why.contains("Not a name") && why.contains("twice"), "{why}");
}

#[tokio::test]
async fn what_a_result_is_not_is_said() {
    let client = client(Probe::default()).await;
    let unknown = client.call("nothing", ()).await;
    assert!(unknown.is_error());
    assert_eq!(unknown.json()["code"], -32602);
    let why = panic_of(async { drop(unknown.clone().expect_ok()) }).await;
    assert!(
        why.starts_with("tool `nothing` (called at ") && why.contains("was refused: "),
        "{why}"
    );
    client.decline("page");
    let page = client.call("page", ()).await;
    let why = panic_of(async { drop(page.structured::<String>()) }).await;
    assert!(
        why.contains("tool `page` gave no structured result"),
        "{why}"
    );
}

#[tokio::test]
async fn the_catalog_of_a_server_is_the_same_text_in_both_eras() {
    let old = client(Probe::default())
        .protocol(Protocol::V2024_11_05)
        .await;
    assert_eq!(old.server()["serverInfo"]["name"], env!("CARGO_PKG_NAME"));
    assert_eq!(old.server()["instructions"], "Does what a client can see.");
    let new = client(Probe::default()).await;
    assert_eq!(new.protocol(), Protocol::V2026_07_28);
    for said in ["serverInfo", "instructions", "capabilities"] {
        assert_eq!(new.server()[said], old.server()[said], "{said}");
    }
    assert_eq!(new.server()["protocolVersion"], "2026-07-28");
    let catalog = new.catalog().await;
    assert_eq!(catalog, old.catalog().await);
    let parsed: super::Value = serde_json::from_str(&catalog).expect("JSON");
    let lists: Vec<_> = parsed.as_object().expect("an object").keys().collect();
    assert_eq!(
        lists,
        ["prompts", "resourceTemplates", "resources", "tools"]
    );
    assert_eq!(new.list_tools().await.len(), 4);
    new.stop().await;
}
