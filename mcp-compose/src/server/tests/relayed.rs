//! Typed servers as clients meet them: with children beside them, and over HTTP.

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::{
    CallResult, Caller, Children, Extension, Headers, args, serve,
    test::{self, Client},
};

struct Back;

#[mcp_server]
impl Back {
    /// A text and a structured result.
    #[tool(read_only)]
    fn pair(&self, word: String) -> (Content, Vec<String>) {
        (Content::text(format!("the word is {word}")), vec![word])
    }

    /// Always fails.
    #[tool(read_only)]
    fn fail(&self) -> Result<()> {
        Err(ToolError::new("broken"))
    }
}

struct Front;

#[mcp_server]
impl Front {
    /// Relays the whole result of a child.
    #[tool(read_only)]
    async fn relay(
        &self,
        children: Children,
        tool: String,
        word: Option<String>,
    ) -> Result<CallResult> {
        let back = children
            .get("back")
            .ok_or_else(|| ToolError::new("no back"))?;
        let args = word.map_or_else(|| args! {}, |word| args! { word });
        Ok(back.call(&tool, args).await?)
    }
}

#[tokio::test]
async fn the_result_of_a_child_is_relayed_as_it_is() {
    let make = || crate::compose! { _: Front, back: Back };
    test::both(make, async |client: Client| {
        let relayed = client
            .call("relay", json!({ "tool": "pair", "word": "w" }))
            .await;
        let direct = client.call("back_pair", json!({ "word": "w" })).await;
        assert_eq!(relayed.json()["content"], direct.json()["content"]);
        assert_eq!(relayed.text(), "the word is w");
        assert_eq!(
            relayed.json()["structuredContent"],
            json!({ "result": ["w"] })
        );
        let failed = client.call("relay", json!({ "tool": "fail" })).await;
        assert!(
            failed.is_error() && failed.text().contains("broken"),
            "{failed:?}"
        );
    })
    .await;
}

#[derive(Clone)]
struct User(&'static str);

struct Greeter;

#[mcp_server]
impl Greeter {
    /// Greets.
    #[tool(read_only)]
    fn greet(&self, Extension(user): Extension<User>, headers: Headers, caller: Caller) -> String {
        format!(
            "{} {:?} {:?} {}",
            user.0,
            headers.get("accept-language"),
            headers.get("authorization"),
            caller.is_anonymous()
        )
    }
}

#[tokio::test]
async fn what_came_over_http_reaches_the_method() {
    const VERSION: &str = "2026-07-28";
    let app = serve(Greeter).into_router().unwrap();
    let app = app.layer(axum::Extension(User("ann")));
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "greet",
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }});
    let request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("accept-language", "de")
        .header("authorization", "Bearer CANARY")
        .header("mcp-protocol-version", VERSION)
        .header("mcp-method", "tools/call")
        .header("mcp-name", "greet")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(r#"ann Some(\"de\") None false"#), "{text}");
}
