//! What a typed server says that only the protocol around it uses: headers, schemas, updates, capabilities.

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{ctx, listed};
use crate::mcp_server;
use crate::server::{Answers, Asking, Ctx, CtxParts, LocalServer, Result, error::RpcError};

struct Shop;

/// Sells.
#[mcp_server]
impl Shop {
    /// Orders.
    #[tool(read_only)]
    fn order(
        &self,
        /// Where to.
        #[header = "Region"]
        region: String,
        #[header = "Express"] express: Option<bool>,
        #[header = "Weight"]
        #[default = 1.5]
        weight: f64,
    ) -> String {
        format!("{region} {express:?} {weight}")
    }

    /// Takes what a schema written by hand says.
    #[tool(read_only, input_schema = json!({ "type": "object", "anyOf": [{ "required": ["a"] }], "title": "Ours" }))]
    fn written(&self, #[args] arguments: Map<String, Value>) -> usize {
        arguments.len()
    }

    /// Needs a client that can sample.
    #[tool(read_only)]
    fn ask(&self, ctx: &Ctx) -> Result<&'static str> {
        ctx.require("sampling")?;
        Ok("asked")
    }

    /// Changes the stock.
    #[tool(read_only)]
    async fn sell(&self, ctx: &Ctx) {
        ctx.resource_changed("shop://stock").await;
    }

    /// What is left.
    #[resource("shop://stock")]
    fn stock(&self) -> &'static str {
        "1"
    }

    /// What is left of one thing.
    #[resource("shop://stock/{thing}")]
    fn stock_of(&self, thing: String) -> String {
        thing
    }
}

async fn handle(method: &str, params: Value, ctx: Ctx) -> std::result::Result<String, RpcError> {
    let server = LocalServer::new(Shop);
    server.handle(method, &params.to_string(), ctx).await
}

fn saying(meta: Option<Value>) -> Ctx {
    Ctx::new(CtxParts {
        progress_token: None,
        log_level: None,
        notify: std::sync::Arc::new(|_, _| {}),
        cancel: CancellationToken::new(),
        meta: meta.map(|meta| meta.to_string()),
        asking: Asking::replay(Answers::default()),
        origin: std::sync::Arc::default(),
    })
}

#[test]
fn arguments_are_mirrored_into_headers_where_that_is_legal() {
    let server = LocalServer::new(Shop);
    let schema = &listed(&server.lists().tools, "order")["inputSchema"];
    let properties = &schema["properties"];
    assert_eq!(
        properties["region"],
        json!({ "type": "string", "description": "Where to.", "x-mcp-header": "Region" })
    );
    assert_eq!(properties["express"]["x-mcp-header"], "Express");
    // A client must drop a tool that has the annotation on a number.
    assert_eq!(properties["weight"].get("x-mcp-header"), None);
    assert!(matches!(
        crate::wire::param_headers::ParamHeaders::from_schema(&schema.to_string()),
        Ok(Some(_))
    ));
}

#[tokio::test]
async fn a_schema_written_by_hand_is_listed_as_it_is() {
    let server = LocalServer::new(Shop);
    assert_eq!(
        listed(&server.lists().tools, "written")["inputSchema"],
        json!({ "type": "object", "anyOf": [{ "required": ["a"] }], "title": "Ours" })
    );
    let params = json!({ "name": "written", "arguments": { "a": 1, "b": 2 } });
    let answer = handle("tools/call", params, saying(None)).await.unwrap();
    assert!(answer.contains("\"2\""), "{answer}");
}

#[tokio::test]
async fn a_call_is_refused_unless_the_client_declared_the_capability() {
    let params = json!({ "name": "ask" });
    let with = |capabilities: Value| {
        saying(Some(
            json!({ "io.modelcontextprotocol/clientCapabilities": capabilities }),
        ))
    };
    for ctx in [saying(None), with(json!({})), with(json!({ "roots": {} }))] {
        let refused = handle("tools/call", params.clone(), ctx).await.unwrap_err();
        assert_eq!(refused.code, -32021);
        assert_eq!(
            refused.data.as_deref(),
            Some(r#"{"requiredCapabilities":{"sampling":{}}}"#)
        );
    }
    let able = with(json!({ "sampling": {} }));
    let answer = handle("tools/call", params, able).await.unwrap();
    assert!(answer.contains("asked"), "{answer}");
}

#[tokio::test]
async fn a_change_is_told_even_after_the_call() {
    let (ctx, sent) = ctx(false, &CancellationToken::new());
    let update = (
        "notifications/resources/updated".to_owned(),
        json!({ "uri": "shop://stock" }),
    );
    handle("tools/call", json!({ "name": "sell" }), ctx.clone())
        .await
        .unwrap();
    assert_eq!(*sent.lock().unwrap(), std::slice::from_ref(&update));
    ctx.resource_changed("shop://stock");
    assert_eq!(*sent.lock().unwrap(), [update.clone(), update]);
}

#[tokio::test]
async fn what_exists_can_be_subscribed_to() {
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        for uri in ["shop://stock", "shop://stock/tea"] {
            let answer = handle(method, json!({ "uri": uri }), saying(None)).await;
            assert_eq!(answer.unwrap(), "{}");
        }
        let refused = handle(method, json!({ "uri": "shop://nothing" }), saying(None)).await;
        assert_eq!(refused.unwrap_err().code, -32002);
    }
}
