//! What is in a profile can be used, and nothing else is known.

use mcp_compose_tests::aggregator::Aggregator;
use mcp_compose_tests::raw::{LEGACY, Raw};
use mcp_compose_tests::scripted::text;
use serde_json::{Value, json};

use super::{ERAS, aggregator, client, config, endpoint};

async fn all_names(client: &Raw) -> Vec<String> {
    let mut all = Vec::new();
    for kind in ["tools", "prompts", "resources", "templates"] {
        all.extend(client.names(kind).await);
    }
    all
}

#[tokio::test]
async fn lists_have_what_the_profile_selects_under_the_names_of_the_whole() {
    let aggregator = aggregator().await;
    for version in ERAS {
        let reading = client(&aggregator, "reading", version).await;
        assert_eq!(
            all_names(&reading).await,
            [
                "docs_search",
                "docs_link",
                "db_search",
                "docs_plan",
                "docs://page://one",
                "docs://page://{name}",
            ]
        );
        let docs = client(&aggregator, "docs-only", version).await;
        assert_eq!(
            all_names(&docs).await,
            [
                "docs_echo",
                "docs_received",
                "docs_process",
                "docs_search",
                "docs_grow",
                "docs_link",
                "docs_plan",
                "docs_wipe",
                "docs://page://one",
                "docs://page://{name}",
            ]
        );
        let whole = Raw::http(&aggregator, version).await;
        assert_eq!(all_names(&whole).await.len(), 24);
    }
}

#[tokio::test]
async fn the_handshake_speaks_of_the_profile_alone() {
    let aggregator = aggregator().await;
    for version in ERAS {
        let whole = Raw::http(&aggregator, version).await.welcome;
        assert_eq!(
            whole["instructions"],
            "## docs\nAbout docs.\n\n## db\nAbout db."
        );
        let db = client(&aggregator, "db-only", version).await.welcome;
        assert_eq!(db["instructions"], "## db\nAbout db.");
        assert_eq!(db["capabilities"], whole["capabilities"]);
        let nothing = client(&aggregator, "nothing", version).await.welcome;
        assert_eq!(nothing["instructions"], Value::Null);
        assert_eq!(nothing["capabilities"]["tools"], Value::Null);
        assert_eq!(nothing["capabilities"]["resources"], Value::Null);
    }
}

/// The error of a request, without the name that was asked for.
async fn refused(client: &Raw, method: &str, params: Value, name: &str) -> String {
    let refused = client.try_request(method, params).await;
    let error = refused.expect_err(&format!("{method} of {name}"));
    error.to_string().replace(name, "NAME")
}

#[tokio::test]
async fn what_is_outside_is_as_unknown_as_what_does_not_exist() {
    let aggregator = aggregator().await;
    for version in ERAS {
        let reading = client(&aggregator, "reading", version).await;
        let prompt = |name: &str| json!({ "ref": { "type": "ref/prompt", "name": name }, "argument": { "name": "a", "value": "" } });
        let page = |uri: &str| json!({ "ref": { "type": "ref/resource", "uri": uri }, "argument": { "name": "a", "value": "" } });
        let named = |name: &str| json!({ "name": name });
        let uri = |uri: &str| json!({ "uri": uri });
        type Params<'a> = &'a dyn Fn(&str) -> Value;
        let mut cases: Vec<(&str, Params<'_>, &str, &str)> = vec![
            ("tools/call", &named, "docs_delete", "xxxx_xxxxxx"),
            ("tools/call", &named, "db_delete", "xx_xxxxxx"),
            ("prompts/get", &named, "docs_wipe", "xxxx_xxxx"),
            ("prompts/get", &named, "db_plan", "xx_xxxx"),
            (
                "resources/read",
                &uri,
                "docs://secret://one",
                "xxxx://xxxxxx://xxx",
            ),
            ("resources/read", &uri, "secret://one", "xxxxxx://one"),
            ("resources/read", &uri, "db://page://one", "xx://page://one"),
            ("completion/complete", &prompt, "db_plan", "xx_xxxx"),
            (
                "completion/complete",
                &page,
                "db://page://{name}",
                "xx://page://{name}",
            ),
        ];
        if version == LEGACY {
            cases.push((
                "resources/subscribe",
                &uri,
                "db://page://one",
                "xx://page://one",
            ));
        }
        for (method, params, outside, nowhere) in cases {
            let outside = refused(&reading, method, params(outside), outside).await;
            let nowhere = refused(&reading, method, params(nowhere), nowhere).await;
            assert_eq!(outside, nowhere, "{method}");
        }
        // A name that is nearly one of another profile is not suggested.
        let near = refused(&reading, "tools/call", named("docs_delet"), "docs_delet").await;
        assert!(!near.contains("docs_delete"), "{near}");
    }
}

#[tokio::test]
async fn what_is_in_it_is_relayed() {
    let aggregator = aggregator().await;
    for version in ERAS {
        let reading = client(&aggregator, "reading", version).await;
        let echoed = reading.call("db_search", json!({ "n": 1 })).await;
        assert_eq!(text(&echoed), r#"{"n":1}"#);
        let link = reading.call("docs_link", json!({})).await;
        assert_eq!(link["content"][0]["uri"], "docs://page://one");
        for uri in ["docs://page://one", "docs://page://two"] {
            let read = reading
                .request("resources/read", json!({ "uri": uri }))
                .await;
            assert_eq!(read["contents"][0]["uri"], uri);
        }
        reading
            .request("prompts/get", json!({ "name": "docs_plan" }))
            .await;
        let params = json!({ "ref": { "type": "ref/prompt", "name": "docs_plan" }, "argument": { "name": "a", "value": "" } });
        let completed = reading.request("completion/complete", params).await;
        assert_eq!(completed["completion"]["values"], json!(["docs"]));
    }
}

#[tokio::test]
async fn a_child_by_itself_has_its_own_names_where_that_is_asked_for() {
    let closed = aggregator().await;
    let open = Aggregator::http(&config().setting("childEndpoints", json!(true))).await;
    for version in ERAS {
        let docs = client(&open, "docs", version).await;
        assert_eq!(docs.welcome["instructions"], "About docs.");
        assert_eq!(
            all_names(&docs).await,
            [
                "echo",
                "received",
                "process",
                "search",
                "delete",
                "grow",
                "link",
                "plan",
                "wipe",
                "page://one",
                "secret://one",
                "page://{name}",
            ]
        );
        assert_eq!(text(&docs.call("search", json!({})).await), "{}");
        let link = docs.call("link", json!({})).await;
        assert_eq!(link["content"][0]["uri"], "page://one");
        for uri in ["page://one", "page://two"] {
            let read = docs.request("resources/read", json!({ "uri": uri })).await;
            assert_eq!(read["contents"][0], json!({ "uri": uri, "text": "docs" }));
        }
        let other = docs
            .try_request("tools/call", json!({ "name": "docs_search" }))
            .await;
        other.expect_err("a name of the whole");
    }
    for (url, status) in [
        (endpoint(&open, "docs"), 400),
        (endpoint(&open, "nobody"), 404),
        (endpoint(&closed, "docs"), 404),
        (endpoint(&closed, "reading"), 400),
        (endpoint(&closed, "reading/x"), 404),
        (endpoint(&closed, ""), 404),
    ] {
        let post = reqwest_client()
            .post(&url)
            .header("content-type", "application/json");
        let post = post.header("accept", "application/json, text/event-stream");
        let answer = post
            .body(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
            .send();
        assert_eq!(answer.await.expect("an answer").status(), status, "{url}");
    }
}

fn reqwest_client() -> reqwest::Client {
    // Another test's provider is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
}

#[tokio::test]
async fn a_session_belongs_to_the_path_that_it_was_begun_at() {
    let aggregator = aggregator().await;
    let http = reqwest_client();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "raw", "version": "1" } } });
    let post = |url: String, body: &Value, session: Option<&str>| {
        let mut post = http.post(url).header("content-type", "application/json");
        post = post.header("accept", "application/json, text/event-stream");
        if let Some(session) = session {
            post = post.header("mcp-session-id", session);
        }
        post.body(body.to_string()).send()
    };
    let opened = post(endpoint(&aggregator, "reading"), &hello, None)
        .await
        .expect("an answer");
    let session = opened.headers()["mcp-session-id"]
        .to_str()
        .expect("text")
        .to_owned();
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {} });
    for (url, status) in [
        (aggregator.url.clone(), 404),
        (endpoint(&aggregator, "docs-only"), 404),
        (endpoint(&aggregator, "reading"), 200),
    ] {
        let answer = post(url.clone(), &list, Some(&session))
            .await
            .expect("an answer");
        assert_eq!(answer.status(), status, "{url}");
    }
}
