//! rmcp's servers as children in this process, and compositions over rmcp's transports: rmcp's own server and client
//! stand at the other end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_compose::child::ChildEra;
use mcp_compose::prelude::*;
use mcp_compose::rmcp::{connect, server};
use mcp_compose::test::{self, Client, Protocol, json};
use mcp_compose::{Composition, compose, serve};
use mcp_compose_tests::everything::Everything;
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::scripted::tool;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientConfig, ContentBlock,
    ElicitRequestParams, ElicitResult, ElicitationAction, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::{ClientHandler, RoleClient, RoleServer, ServerHandler, ServiceExt};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// The third party's server, its sessions sharing what it keeps.
fn everything() -> Composition {
    let shared = Everything::default();
    compose! { e: server(move || shared.clone()) }
}

#[tokio::test]
async fn a_handler_serves_clients_of_both_eras() {
    test::both(everything, async |client| {
        assert_eq!(client.server()["serverInfo"]["name"], "mcp-compose-tests");
        let simple = client.call("e_test_simple_text", json!({})).await;
        assert_eq!(simple.text(), "This is a simple text response for testing.");
        assert!(
            client
                .call("e_test_error_handling", json!({}))
                .await
                .is_error()
        );

        let reported = client.call("e_test_tool_with_progress", json!({})).await;
        let steps: Vec<_> = reported.progress().iter().map(|of| of.progress).collect();
        assert_eq!(steps, [0.0, 50.0, 100.0]);
        let _ = client
            .call("e_test_tool_with_logging", json!({}))
            .await
            .expect_ok();
        let lines: Vec<_> = client.logs().into_iter().map(|log| log.data).collect();
        assert_eq!(lines[0], "Tool execution started", "{lines:?}");
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!(client.logs()[0].logger.as_deref(), Some("e"));

        let text = client.read("e://test://static-text").await;
        assert_eq!(
            text.text(),
            "This is the content of the static text resource."
        );
        let arguments = json!({ "arg1": "a", "arg2": "b" });
        let prompt = client
            .prompt("e_test_prompt_with_arguments", arguments)
            .await;
        assert_eq!(prompt.text(), "Prompt with arguments: arg1='a', arg2='b'");
        let completed = client
            .complete("e_test_prompt_with_arguments", "arg1", "par")
            .await;
        assert_eq!(completed, ["paris", "park", "party"]);
    })
    .await;
}

#[tokio::test]
async fn a_handler_asks_clients_of_both_eras() {
    test::both(everything, async |client| {
        client.answer("A word, please", json!({ "word": "rust" }));
        let said = client.call("e_test_streaming_elicitation", json!({})).await;
        assert!(
            said.text().contains("accept") && said.text().contains("rust"),
            "{said:?}"
        );
        assert_eq!(client.questions().len(), 1);
    })
    .await;
    // What each era has of its own.
    let old = test::client(everything())
        .protocol(Protocol::V2025_11_25)
        .await;
    old.answer_sampling("Say hi", "hi");
    let sampled = old
        .call("e_test_sampling", json!({ "prompt": "Say hi" }))
        .await;
    assert_eq!(sampled.text(), "LLM response: hi");
    old.roots(["file:///srv"]);
    let roots = old.call("e_test_list_roots", json!({})).await;
    assert!(roots.text().contains("file:///srv"), "{roots:?}");
}

#[tokio::test]
async fn a_modern_handlers_questions_are_known_by_their_keys_in_both_eras() {
    let modern = || {
        let shared = Everything::default();
        compose! { e: server(move || shared.clone()).era(ChildEra::Modern) }
    };
    test::both(modern, async |client| {
        client.answer("step1", json!({ "name": "Ann" }));
        client.answer("step2", json!({ "color": "red" }));
        let rounds = client
            .call("e_test_input_required_result_multi_round", ())
            .await;
        assert_eq!(rounds.text(), "\"Ann\" likes \"red\".");
    })
    .await;
}

#[tokio::test]
async fn a_handlers_changed_lists_are_heard() {
    test::both(everything, async |client| {
        let has = async |client: &Client| {
            let tools = client.list_tools().await;
            tools
                .iter()
                .any(|tool| tool["name"] == "e_test_dynamic_tool")
        };
        assert!(!has(&client).await);
        let _ = client
            .call("e_test_trigger_tool_change", json!({}))
            .await
            .expect_ok();
        client
            .notification("notifications/tools/list_changed")
            .await;
        assert!(has(&client).await);
    })
    .await;
}

/// What its sessions have come to.
#[derive(Clone, Default)]
struct Counts {
    made: Arc<AtomicUsize>,
    cancelled: Arc<AtomicUsize>,
}

/// Panics, or waits to be cancelled.
struct Frail(Counts);

impl ServerHandler for Frail {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = json!({ "type": "object" });
        let schema = schema.as_object().expect("an object");
        let tools = ["panic", "wait", "count"].map(|name| Tool::new(name, name, schema.clone()));
        Ok(ListToolsResult::with_all_items(tools.to_vec()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        match request.name.as_ref() {
            "panic" => panic!("at the disco"),
            "wait" => {
                let token = context.meta.get_progress_token().expect("a token");
                let progress = json!({ "progressToken": token, "progress": 1 });
                let progress = serde_json::from_value(progress).expect("progress");
                context
                    .peer
                    .notify_progress(progress)
                    .await
                    .expect("a client");
                context.ct.cancelled().await;
                self.0.cancelled.fetch_add(1, Ordering::SeqCst);
                Err(ErrorData::internal_error("cancelled", None))
            }
            _ => {
                let Counts { made, cancelled } = &self.0;
                let counts = [made, cancelled].map(|count| count.load(Ordering::SeqCst));
                let text = ContentBlock::text(format!("{counts:?}"));
                Ok(CallToolResult::success(vec![text]).into())
            }
        }
    }
}

fn frail(counts: &Counts) -> mcp_compose::rmcp::Server {
    let counts = counts.clone();
    server(move || {
        counts.made.fetch_add(1, Ordering::SeqCst);
        Frail(counts.clone())
    })
}

#[tokio::test]
async fn a_panic_costs_the_call_and_a_dropped_call_is_cancelled() {
    for protocol in [Protocol::V2025_11_25, Protocol::V2026_07_28] {
        let counts = Counts::default();
        let client = test::client(compose! { f: frail(&counts) })
            .protocol(protocol)
            .await;
        let panicked = client.call("f_panic", json!({})).await;
        assert!(
            panicked
                .text()
                .contains("the handler panicked: at the disco"),
            "{panicked:?}"
        );
        tokio::select! {
            _ = client.call("f_wait", json!({})) => panic!("it ended"),
            _ = client.notification("notifications/progress") => {}
        }
        let cancelled = async {
            while counts.cancelled.load(Ordering::SeqCst) == 0 {
                // Each call is a round trip through the same session.
                let _ = client.call("f_count", json!({})).await.expect_ok();
            }
        };
        patiently("the handler hears of the cancellation", cancelled).await;
    }
}

#[tokio::test]
async fn a_handler_that_cannot_be_made_is_a_child_that_does_not_start() {
    let broken = server(|| -> Frail { panic!("no handler today") });
    let client =
        test::client(compose! { broken: broken.init_timeout(std::time::Duration::from_secs(1)) })
            .await;
    assert!(client.list_tools().await.is_empty());
}

/// A person at a client of rmcp.
struct Person(&'static str);

impl ClientHandler for Person {
    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let content = json!({ "username": self.0, "email": "", "word": self.0 });
        Ok(serde_json::from_value(
            json!({ "action": ElicitationAction::Accept, "content": content }),
        )
        .expect("a result"))
    }

    fn get_info(&self) -> ClientConfig {
        serde_json::from_value(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "elicitation": {} },
            "clientInfo": { "name": self.0, "version": "1" },
        }))
        .expect("a client")
    }
}

type Session = RunningService<RoleClient, Person>;

async fn elicited(client: &Session) -> String {
    let params = CallToolRequestParams::new("e_test_elicitation");
    let arguments = json!({ "message": "Who?" });
    let params = params.with_arguments(arguments.as_object().expect("an object").clone());
    let result = client.call_tool(params).await.expect("a result");
    let text = result.content[0].as_text().expect("a text");
    text.text.clone()
}

#[tokio::test]
async fn questions_reach_the_right_client_of_two() {
    let running = everything().start().expect("a good composition");
    let mut clients = Vec::new();
    for name in ["Ann", "Bob"] {
        let (ours, theirs) = tokio::io::duplex(4096);
        let running = running.clone();
        tokio::spawn(async move { connect(&running, ours).await });
        clients.push(Person(name).serve(theirs).await.expect("a session"));
    }
    let both = async { tokio::join!(elicited(&clients[0]), elicited(&clients[1])) };
    let (ann, bob) = patiently("two clients are asked", both).await;
    assert!(ann.contains("Ann") && !ann.contains("Bob"), "{ann}");
    assert!(bob.contains("Bob") && !bob.contains("Ann"), "{bob}");
    for client in clients {
        client.cancel().await.expect("a session");
    }
    running.stop().await;
}

struct Status;

#[mcp_server]
impl Status {
    /// Is everything well?
    #[tool(read_only)]
    fn status(&self) -> &'static str {
        "ok"
    }
}

#[tokio::test]
async fn a_composition_is_served_over_a_transport_until_it_is_closed() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let serving = tokio::spawn(serve(Status).rmcp(ours));
    let client = ().serve(theirs).await.expect("a session");
    let info = client.peer_info().expect("who it is").server_info.clone();
    assert_eq!(info.expect("a name").name, "mcp-compose-tests");
    let tools = client.list_all_tools().await.expect("tools");
    assert_eq!(tools.len(), 1);
    let status = client
        .call_tool(CallToolRequestParams::new("status"))
        .await
        .expect("a result");
    assert_eq!(status.content[0].as_text().expect("a text").text, "ok");
    client.cancel().await.expect("a session");
    let served = patiently("the composition ends with its client", serving).await;
    served.expect("no panic").expect("no error");
}

#[tokio::test]
async fn results_keep_what_rmcp_does_not_know_and_the_last_answers_are_sent() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let mut unheard_of = tool("late");
    unheard_of["fromTheFuture"] = json!({ "kept": true });
    let script = json!({ "tools": [unheard_of] }).to_string();
    let composition = compose! { s: stdio(binary("scripted_child"), script) };
    let serving = tokio::spawn(serve(composition).rmcp(ours));
    let (said, mut say) = tokio::io::split(theirs);
    let mut said = BufReader::new(said).lines();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let request =
        json!({ "jsonrpc": "2.0", "id": "x", "method": "tools/list", "params": { "_meta": meta } });
    say.write_all(format!("{request}\n").as_bytes())
        .await
        .expect("a reader");
    // It says nothing more, and still gets its answer.
    say.shutdown().await.expect("a reader");
    let answer = patiently("an answer", said.next_line()).await;
    let answer: Value =
        serde_json::from_str(&answer.expect("text").expect("a line")).expect("JSON");
    assert_eq!(answer["id"], "x");
    let result = &answer["result"];
    assert_eq!(result["resultType"], "complete");
    assert_eq!(
        result["tools"][0]["fromTheFuture"],
        json!({ "kept": true }),
        "{result}"
    );
    patiently("the end", serving)
        .await
        .expect("no panic")
        .expect("no error");
}
