//! Compositions inside a program: local tools, credentials for each request, children that come and go.

use mcp_compose::child::{CallerInfo, HeaderMap, stdio};
use mcp_compose::prelude::*;
use mcp_compose::{Composition, Running, compose, test};
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, says, text, tool};
use serde_json::{Value, json};

/// A composition that is served for as long as the test runs.
struct Served {
    url: String,
    running: Running,
}

impl Served {
    async fn start(composition: Composition) -> Self {
        let running = composition.start().expect("a good composition");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!(
            "http://{}/mcp",
            listener.local_addr().expect("a bound address")
        );
        let router = running.router();
        tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serving does not fail")
        });
        Self { url, running }
    }

    async fn client(&self, version: &str) -> Raw {
        Raw::url(&self.url, version, json!({})).await
    }
}

fn child(script: &Value) -> mcp_compose::child::Stdio {
    stdio(binary("scripted_child")).arg(script.to_string())
}

struct Local;

/// Tools of our own.
#[mcp_server]
impl Local {
    /// How things are.
    #[tool(read_only)]
    fn status(&self) -> &'static str {
        "ours"
    }
}

#[tokio::test]
async fn a05_a_local_tool_is_never_replaced_by_a_childs() {
    let script = json!({ "tools": [tool("status"), tool("other")], "calls": { "status": says("the child's") } });
    for local_first in [true, false] {
        let composition = || match local_first {
            true => compose! { _: Local, _: child(&script) },
            false => compose! { _: child(&script), _: Local },
        };
        test::both(composition, async |client| {
            assert_eq!(client.call("status", ()).await.text(), "ours");
            let tools = client.list_tools().await;
            let named = |name| tools.iter().filter(|tool| tool["name"] == name).count();
            assert_eq!([named("status"), named("other")], [1, 1], "{tools:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a32_a_provider_makes_the_headers_of_each_request() {
    let script: Script = serde_json::from_str(&basic(json!({})).to_string()).expect("a script");
    let upstream = HttpChild::start(HttpScript {
        script,
        authorization: None,
    })
    .await;
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let provider = move |caller: CallerInfo| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            let mut headers = HeaderMap::new();
            headers.insert("x-number", number.into());
            headers.insert("x-caller", caller.client_name.unwrap_or_default().parse()?);
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(headers)
        }
    };
    let client = test::client(compose! { ns: http(&upstream.url).auth(provider) }).await;
    for _ in 0..2 {
        let _ = client.call("ns_echo", ()).await.expect_ok();
    }
    let requests = upstream.headers();
    let numbers: std::collections::BTreeSet<_> = requests
        .iter()
        .map(|headers| {
            headers
                .iter()
                .find(|(name, _)| name == "x-number")
                .expect("each request has it")
                .1
                .clone()
        })
        .collect();
    assert_eq!(
        numbers.len(),
        requests.len(),
        "a header of its own for each request"
    );
    let last = requests.last().expect("requests");
    assert!(
        requests
            .iter()
            .any(|headers| headers.contains(&("x-caller".to_owned(), "mcp-compose".to_owned()))),
        "{last:?}"
    );
    client.stop().await;
}

#[tokio::test]
async fn a45_open_sessions_see_children_that_come_and_go() {
    let served = Served::start(compose! { first: child(&basic(json!({}))) }).await;
    let legacy = served.client(LEGACY).await;
    let modern = served.client(MODERN).await;
    let _listening = modern.listen(json!({ "toolsListChanged": true })).await;
    served
        .running
        .add("second", child(&basic(json!({}))))
        .expect("a free namespace");
    for client in [&legacy, &modern] {
        client
            .notifications("notifications/tools/list_changed", 1)
            .await;
        assert!(
            client
                .names("tools")
                .await
                .contains(&"second_echo".to_owned())
        );
        assert_eq!(
            text(&client.call("second_echo", json!({ "a": 1 })).await),
            r#"{"a":1}"#
        );
    }
    assert!(
        served
            .running
            .add("second", child(&basic(json!({}))))
            .is_err(),
        "the namespace is taken"
    );

    assert!(served.running.remove("second"));
    for client in [&legacy, &modern] {
        client
            .notifications("notifications/tools/list_changed", 2)
            .await;
        assert!(
            !client
                .names("tools")
                .await
                .contains(&"second_echo".to_owned())
        );
        let refused = client
            .try_request(
                "tools/call",
                json!({ "name": "second_echo", "arguments": {} }),
            )
            .await;
        assert_eq!(refused.expect_err("it is gone")["code"], -32602);
        assert_eq!(
            text(&client.call("first_echo", json!({ "a": 1 })).await),
            r#"{"a":1}"#
        );
    }
    assert!(
        !served.running.remove("second"),
        "there is nothing to remove"
    );
    served.running.stop().await;
}
