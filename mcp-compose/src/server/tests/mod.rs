//! Typed servers, called as the relay calls them.

mod asking;
mod context;
mod extract;
mod keys;
mod parts;
mod problems;
mod prompts;
mod protocol;
mod replies;
mod resources;
mod running;
mod tools;

use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::error::RpcError;
use super::{Answers, Asking, CtxParts, LocalServer};
use crate::{
    Content, Ctx, Embedded, Image, Json, LogLevel, Message, Result, Server, ToolError, mcp_server,
    server::FromCall,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Todo {
    /// What to do.
    title: String,
    priority: u8,
    /// When.
    due: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Tree {
    name: String,
    #[serde(default)]
    children: Vec<Tree>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    Green,
}

/// A schema that is written by hand is kept as it is.
#[derive(Deserialize)]
struct ByHand {
    name: String,
}

impl JsonSchema for ByHand {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByHand".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "name": { "type": "string" } },
            "properties": { "name": { "$ref": "#/$defs/name" } },
            "additionalProperties": false,
        })
    }
}

struct SearchResult;

impl std::fmt::Display for SearchResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing found")
    }
}

type AppResult<T> = std::result::Result<T, SearchResult>;

struct Caller(String);

impl FromCall for Caller {
    fn from_call(call: &crate::Call) -> Result<Self> {
        match call.ctx().meta()["caller"].as_str() {
            Some(name) => Ok(Self(name.to_owned())),
            None => Err(ToolError::protocol(-32001, "who calls?")),
        }
    }
}

#[derive(Default)]
struct Todos {
    added: Mutex<Vec<Todo>>,
}

/// Keeps a list.
///
/// Of things to do.
#[mcp_server(title = "Todos", website = "https://example.com")]
impl Todos {
    /// Add a todo.
    #[tool(idempotent, read_only = false)]
    async fn add(
        &self,
        /// What to do.
        title: String,
        /// 0 is lowest.
        #[default]
        priority: u8,
        #[name = "dueDate"] due: Option<String>,
    ) -> Todo {
        let todo = Todo {
            title,
            priority,
            due,
        };
        self.added.lock().unwrap().push(todo.clone());
        todo
    }

    /// Counts.
    #[tool(name = "how-many", read_only)]
    fn count(&self) -> usize {
        self.added.lock().unwrap().len()
    }

    /// Paints.
    #[tool(read_only)]
    fn paint(
        self: Arc<Self>,
        #[default(Color::Green)] color: Color,
        #[default = "wall"] what: String,
    ) -> String {
        format!("{what} {}", matches!(color, Color::Green))
    }

    /// Titles.
    #[tool(read_only)]
    fn titles(self: &Arc<Self>) -> Vec<String> {
        self.added
            .lock()
            .unwrap()
            .iter()
            .map(|todo| todo.title.clone())
            .collect()
    }

    /// Depth.
    #[tool(read_only)]
    fn depth(&self, tree: Tree) -> Json<usize> {
        fn depth(tree: &Tree) -> usize {
            let _ = &tree.name;
            1 + tree.children.iter().map(depth).max().unwrap_or(0)
        }
        Json(depth(&tree))
    }

    /// Fails.
    #[tool(read_only)]
    async fn fail(&self, how: String) -> Result<String> {
        match how.as_str() {
            "io" => Err(std::io::Error::other("disk full"))?,
            "protocol" => Err(ToolError::protocol(-32000, "not now")),
            "panic" => panic!("at the disco"),
            other => Ok(other.into()),
        }
    }

    /// Fails with an error of its own.
    #[tool(read_only)]
    fn search(&self) -> AppResult<Vec<Todo>> {
        Err(SearchResult)
    }

    /// Takes it all.
    #[tool(read_only)]
    fn whole(&self, #[args] todo: Todo) -> Todo {
        todo
    }

    /// Takes a schema written by hand.
    #[tool(read_only)]
    fn by_hand(&self, #[args] args: ByHand) -> String {
        args.name
    }

    /// Who?
    #[tool(read_only)]
    fn whoami(&self, caller: Caller, ctx: Ctx) -> String {
        format!("{} {}", caller.0, ctx.is_cancelled())
    }

    /// Content.
    #[tool(read_only)]
    fn picture(&self) -> Vec<Content> {
        vec![
            Content::text("look"),
            Image::new([1, 2, 3], "image/png").into(),
        ]
    }

    /// Works.
    #[tool(read_only)]
    async fn work(&self, ctx: &Ctx, steps: u32) -> Result<()> {
        ctx.log(LogLevel::Debug, "not wanted").await;
        ctx.log(LogLevel::Error, json!({ "a": 1 }));
        for step in 0..steps {
            ctx.progress(step, steps).await;
            ctx.progress(step, steps).await;
        }
        ctx.progress_with(steps, (), "done");
        Ok(())
    }

    /// Waits for the caller to give up.
    #[tool(read_only)]
    async fn wait(&self, ctx: &Ctx) -> bool {
        ctx.cancelled().await;
        ctx.is_cancelled()
    }

    #[resource(
        "app://settings",
        mime = "text/plain",
        size = 5,
        audience = "user",
        priority = 0.5
    )]
    fn settings(&self) -> &'static str {
        "quiet"
    }

    /// Bytes.
    #[resource("app://bytes", name = "some-bytes")]
    fn bytes(&self) -> Result<Vec<u8>> {
        Ok(vec![1, 2, 3])
    }

    /// One todo.
    #[resource("todo://items/{id}")]
    async fn item(&self, id: u64) -> Result<Todo> {
        match id {
            404 => Err(ToolError::protocol(-32002, "no such todo")),
            500 => Err(std::fmt::Error.into()),
            _ => Ok(Todo {
                title: format!("todo {id}"),
                priority: 1,
                due: None,
            }),
        }
    }

    /// Plan the work.
    #[prompt(title = "Plan")]
    fn plan(
        &self,
        /// Area to plan.
        topic: String,
        hours: Option<u32>,
    ) -> String {
        format!("Plan {topic} in {hours:?}")
    }

    #[prompt]
    async fn review(&self) -> Vec<Message> {
        vec![
            Message::user(Embedded::text("app://x", "text/plain", "x")),
            Message::assistant("ok"),
        ]
    }

    #[complete(plan.topic, item.id)]
    async fn complete(&self, partial: &str) -> Vec<String> {
        (0..150).map(|n| format!("{partial}{n}")).collect()
    }

    fn _helper(&self) {}
}

type Sent = Arc<Mutex<Vec<(String, Value)>>>;

fn ctx(token: bool, cancel: &CancellationToken) -> (Ctx, Sent) {
    let sent = Sent::default();
    let into = Arc::clone(&sent);
    let ctx = Ctx::new(CtxParts {
        progress_token: token.then(|| "\"t-1\"".to_owned()),
        log_level: Some(LogLevel::Warning),
        notify: Arc::new(move |method, params| {
            into.lock()
                .unwrap()
                .push((method.to_owned(), serde_json::from_str(&params).unwrap()));
        }),
        cancel: cancel.clone(),
        meta: token.then(|| json!({ "caller": "ann" }).to_string()),
        asking: Asking::replay(Answers::default()),
        origin: Arc::default(),
    });
    (ctx, sent)
}

async fn served(
    server: impl Server,
    method: &str,
    params: Value,
) -> std::result::Result<Value, RpcError> {
    let (ctx, _) = ctx(true, &CancellationToken::new());
    let answer = LocalServer::new(server)
        .handle(method, &params.to_string(), ctx)
        .await?;
    Ok(serde_json::from_str(&answer).unwrap())
}

async fn handle(method: &str, params: Value) -> std::result::Result<Value, RpcError> {
    served(Todos::default(), method, params).await
}

async fn call(name: &str, arguments: Value) -> Value {
    handle(
        "tools/call",
        json!({ "name": name, "arguments": arguments }),
    )
    .await
    .unwrap()
}

fn listed(entries: &[String], name: &str) -> Value {
    let mut entries = entries
        .iter()
        .map(|entry| serde_json::from_str::<Value>(entry).unwrap());
    entries.find(|entry| entry["name"] == name).unwrap()
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[test]
fn says_who_it_is() {
    let server = LocalServer::new(Todos::default());
    let info = server.info();
    assert_eq!(
        (info.name.as_str(), info.version.as_str()),
        ("mcp-compose", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(info.title.as_deref(), Some("Todos"));
    assert_eq!(info.website.as_deref(), Some("https://example.com"));
    assert_eq!(
        info.instructions.as_deref(),
        Some("Keeps a list.\n\nOf things to do.")
    );
    let lists = server.lists();
    assert_eq!(
        (
            lists.resources.len(),
            lists.templates.len(),
            lists.prompts.len()
        ),
        (2, 1, 2)
    );
    assert!(lists.completes);
}

#[tokio::test]
async fn unknown_things_are_protocol_errors() {
    for (method, params, code) in [
        ("tools/call", json!({ "name": "nope" }), -32602),
        ("tools/call", json!({ "name": 7 }), -32602),
        (
            "tools/call",
            json!({ "name": "add", "arguments": [] }),
            -32602,
        ),
        ("prompts/get", json!({ "name": "nope" }), -32602),
        ("prompts/get", json!({ "name": "plan" }), -32602),
        ("resources/read", json!({ "uri": "app://nope" }), -32002),
        ("resources/read", json!({ "uri": "todo://items/x" }), -32602),
        (
            "resources/read",
            json!({ "uri": "todo://items/500" }),
            -32603,
        ),
        ("completion/complete", json!({}), -32602),
        ("tools/list", json!({}), -32601),
    ] {
        let error = handle(method, params.clone()).await.unwrap_err();
        assert_eq!(error.code, code, "{method} {params}: {error:?}");
    }
}
