//! Typed servers, called as the relay calls them.

mod protocol;

use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{CtxParts, LocalServer, RpcError};
use crate::{
    Content, Ctx, Embedded, Image, Json, LogLevel, Message, Result, ToolError, mcp_server,
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
    #[tool]
    fn paint(
        self: Arc<Self>,
        #[default(Color::Green)] color: Color,
        #[default = "wall"] what: String,
    ) -> String {
        format!("{what} {}", matches!(color, Color::Green))
    }

    /// Titles.
    #[tool]
    fn titles(self: &Arc<Self>) -> Vec<String> {
        self.added
            .lock()
            .unwrap()
            .iter()
            .map(|todo| todo.title.clone())
            .collect()
    }

    /// Depth.
    #[tool]
    fn depth(&self, tree: Tree) -> Json<usize> {
        fn depth(tree: &Tree) -> usize {
            let _ = &tree.name;
            1 + tree.children.iter().map(depth).max().unwrap_or(0)
        }
        Json(depth(&tree))
    }

    /// Fails.
    #[tool]
    async fn fail(&self, how: String) -> Result<String> {
        match how.as_str() {
            "io" => Err(std::io::Error::other("disk full"))?,
            "protocol" => Err(ToolError::protocol(-32000, "not now")),
            "panic" => panic!("at the disco"),
            other => Ok(other.into()),
        }
    }

    /// Fails with an error of its own.
    #[tool]
    fn search(&self) -> AppResult<Vec<Todo>> {
        Err(SearchResult)
    }

    /// Takes it all.
    #[tool]
    fn whole(&self, #[args] todo: Todo) -> Todo {
        todo
    }

    /// Who?
    #[tool]
    fn whoami(&self, caller: Caller, ctx: Ctx) -> String {
        format!("{} {}", caller.0, ctx.is_cancelled())
    }

    /// Content.
    #[tool]
    fn picture(&self) -> Vec<Content> {
        vec![
            Content::text("look"),
            Image::new([1, 2, 3], "image/png").into(),
        ]
    }

    /// Works.
    #[tool]
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
    #[tool]
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

type Sent = Arc<Mutex<Vec<(&'static str, Value)>>>;

fn ctx(token: bool, cancel: &CancellationToken) -> (Ctx, Sent) {
    let sent = Sent::default();
    let into = Arc::clone(&sent);
    let ctx = Ctx::new(CtxParts {
        progress_token: token.then(|| "\"t-1\"".to_owned()),
        log_level: Some(LogLevel::Warning),
        notify: Arc::new(move |method, params| {
            into.lock()
                .unwrap()
                .push((method, serde_json::from_str(&params).unwrap()));
        }),
        cancel: cancel.clone(),
        meta: token.then(|| json!({ "caller": "ann" }).to_string()),
    });
    (ctx, sent)
}

async fn handle(method: &str, params: Value) -> std::result::Result<Value, RpcError> {
    let (ctx, _) = ctx(true, &CancellationToken::new());
    let answer = LocalServer::new(Todos::default())
        .handle(method, &params.to_string(), ctx)
        .await?;
    Ok(serde_json::from_str(&answer).unwrap())
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

#[test]
fn lists_tools_in_the_portable_profile() {
    let server = LocalServer::new(Todos::default());
    let tools = &server.lists().tools;
    assert_eq!(
        listed(tools, "add"),
        json!({
            "name": "add",
            "description": "Add a todo.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "title": { "type": "string", "description": "What to do." },
                    "priority": {
                        "type": "integer", "minimum": 0, "maximum": 255, "description": "0 is lowest.", "default": 0,
                    },
                    "dueDate": { "type": "string" },
                },
                "required": ["title"],
                "additionalProperties": false,
            },
            "outputSchema": {
                "type": "object",
                "properties": {
                    "title": { "type": "string", "description": "What to do." },
                    "priority": { "type": "integer", "minimum": 0, "maximum": 255 },
                    "due": { "type": ["string", "null"], "description": "When." },
                },
                "required": ["title", "priority", "due"],
            },
            "annotations": { "readOnlyHint": false, "idempotentHint": true },
        })
    );
    let whole = listed(tools, "whole");
    assert_eq!(
        whole["inputSchema"]["properties"]["due"],
        json!({ "type": "string", "description": "When." })
    );
    assert_eq!(
        whole["inputSchema"]["required"],
        json!(["title", "priority"])
    );
    let none = listed(tools, "how-many");
    assert_eq!(
        none["inputSchema"],
        json!({ "type": "object", "properties": {}, "additionalProperties": false })
    );
    assert_eq!(none.get("outputSchema"), None);
    let titles = listed(tools, "titles");
    let strings = json!({ "type": "array", "items": { "type": "string" } });
    assert_eq!(titles["outputSchema"]["properties"]["result"], strings);
    let paint = listed(tools, "paint");
    assert_eq!(
        paint["inputSchema"]["properties"]["color"]["default"],
        "green"
    );
    assert_eq!(
        paint["inputSchema"]["properties"]["what"]["default"],
        "wall"
    );
    assert_eq!(paint["inputSchema"].get("required"), None);
    assert_eq!(
        listed(tools, "whoami")["inputSchema"]["properties"],
        json!({})
    );
}

#[test]
fn recursive_arguments_keep_definitions_that_resolve() {
    let server = LocalServer::new(Todos::default());
    let schema = &listed(&server.lists().tools, "depth")["inputSchema"];
    assert!(schema["$defs"]["Tree"].is_object(), "{schema}");
    let validator = jsonschema::validator_for(schema).unwrap();
    let leaf = json!({ "name": "b", "children": [] });
    assert!(validator.is_valid(&json!({ "tree": { "name": "a", "children": [leaf] } })));
    assert!(!validator.is_valid(&json!({ "tree": { "name": "a", "children": [{ "name": 1 }] } })));
}

#[tokio::test]
async fn structured_result_has_a_text_mirror() {
    let result = call("add", json!({ "title": "x", "dueDate": null })).await;
    assert_eq!(
        result["structuredContent"],
        json!({ "title": "x", "priority": 0, "due": null })
    );
    assert_eq!(
        serde_json::from_str::<Value>(text(&result)).unwrap(),
        result["structuredContent"]
    );
    assert_eq!(result.get("isError"), None);
}

#[tokio::test]
async fn other_results() {
    assert_eq!(
        call("how-many", json!({})).await,
        json!({ "content": [{ "type": "text", "text": "0" }] })
    );
    assert_eq!(
        call("titles", json!({})).await["structuredContent"],
        json!({ "result": [] })
    );
    let tree = json!({ "name": "a", "children": [{ "name": "b" }] });
    assert_eq!(
        call("depth", json!({ "tree": tree })).await["structuredContent"],
        json!({ "result": 2 })
    );
    assert_eq!(
        call("work", json!({ "steps": 0 })).await,
        json!({ "content": [] })
    );
    assert_eq!(
        call("picture", json!({})).await["content"],
        json!([{ "type": "text", "text": "look" }, { "type": "image", "data": "AQID", "mimeType": "image/png" }])
    );
    assert_eq!(text(&call("paint", json!({})).await), "wall true");
    assert_eq!(
        text(&call("paint", json!({ "color": "red", "what": null })).await),
        "wall false"
    );
    assert_eq!(text(&call("whoami", json!({})).await), "ann false");
}

#[tokio::test]
async fn wrong_arguments_are_all_named_in_one_tool_error() {
    let result = call(
        "add",
        json!({ "titel": "x", "priority": "high", "colour": 1 }),
    )
    .await;
    assert_eq!(result["isError"], true);
    let message = text(&result);
    for part in [
        "missing argument `title`",
        "unknown argument `titel`; did you mean `title`?",
        "argument `priority`: invalid type: string \"high\", expected u8",
        "unknown argument `colour`; expected: title, priority, dueDate",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert!(text(&call("how-many", json!({ "x": 1 })).await).contains("none are expected"));
    assert!(
        text(&call("whole", json!({ "title": "x" })).await).contains("missing field `priority`")
    );
}

#[tokio::test]
async fn errors_of_tools() {
    for (how, message) in [
        ("io", "disk full"),
        ("panic", "`fail` panicked: at the disco"),
    ] {
        let result = call("fail", json!({ "how": how })).await;
        assert_eq!(
            (result["isError"].as_bool(), text(&result)),
            (Some(true), message)
        );
    }
    let protocol = handle(
        "tools/call",
        json!({ "name": "fail", "arguments": { "how": "protocol" } }),
    )
    .await;
    assert_eq!(protocol.unwrap_err(), RpcError::new(-32000, "not now"));
    assert_eq!(text(&call("search", json!({})).await), "nothing found");
    let (nobody, _) = ctx(false, &CancellationToken::new());
    let refused = LocalServer::new(Todos::default())
        .handle("tools/call", r#"{"name":"whoami"}"#, nobody)
        .await;
    assert_eq!(refused.unwrap_err().code, -32001);
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

#[tokio::test]
async fn resources() {
    let server = LocalServer::new(Todos::default());
    assert_eq!(
        listed(&server.lists().resources, "settings"),
        json!({
            "uri": "app://settings",
            "name": "settings",
            "mimeType": "text/plain",
            "size": 5,
            "annotations": { "audience": ["user"], "priority": 0.5 },
        })
    );
    assert_eq!(
        listed(&server.lists().templates, "item"),
        json!({ "uriTemplate": "todo://items/{id}", "name": "item", "description": "One todo." })
    );
    let read = |uri: &str| handle("resources/read", json!({ "uri": uri }));
    assert_eq!(
        read("app://settings").await.unwrap(),
        json!({ "contents": [{ "uri": "app://settings", "mimeType": "text/plain", "text": "quiet" }] })
    );
    assert_eq!(
        read("app://bytes").await.unwrap()["contents"][0]["blob"],
        "AQID"
    );
    let item = read("todo://items/7").await.unwrap();
    assert_eq!(item["contents"][0]["uri"], "todo://items/7");
    assert_eq!(item["contents"][0]["mimeType"], "application/json");
    let body: Todo = serde_json::from_str(item["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(body.title, "todo 7");
    assert_eq!(
        read("todo://items/404").await.unwrap_err().message,
        "no such todo"
    );
    let missing = read("app://nope").await.unwrap_err();
    assert_eq!(missing.data.as_deref(), Some(r#"{"uri":"app://nope"}"#));
}

#[tokio::test]
async fn prompts_take_strings() {
    let server = LocalServer::new(Todos::default());
    assert_eq!(
        listed(&server.lists().prompts, "plan"),
        json!({
            "name": "plan",
            "description": "Plan the work.",
            "title": "Plan",
            "arguments": [
                { "name": "topic", "description": "Area to plan.", "required": true },
                { "name": "hours", "required": false },
            ],
        })
    );
    let plan = |arguments: Value| {
        handle(
            "prompts/get",
            json!({ "name": "plan", "arguments": arguments }),
        )
    };
    assert_eq!(
        plan(json!({ "topic": "42", "hours": "8" })).await.unwrap(),
        json!({
            "description": "Plan the work.",
            "messages": [{ "role": "user", "content": { "type": "text", "text": "Plan 42 in Some(8)" } }],
        })
    );
    assert!(
        plan(json!({ "topic": "x", "hours": "many" }))
            .await
            .unwrap_err()
            .message
            .contains("`hours`")
    );
    let review = handle("prompts/get", json!({ "name": "review" }))
        .await
        .unwrap();
    assert_eq!(review["messages"][0]["content"]["resource"]["text"], "x");
    assert_eq!(review["messages"][1]["role"], "assistant");
}

#[tokio::test]
async fn completions() {
    let complete = |reference: Value, name: &str| {
        let argument = json!({ "name": name, "value": "a" });
        handle(
            "completion/complete",
            json!({ "ref": reference, "argument": argument }),
        )
    };
    let found = complete(json!({ "type": "ref/prompt", "name": "plan" }), "topic")
        .await
        .unwrap();
    assert_eq!(found["completion"]["values"].as_array().unwrap().len(), 100);
    assert_eq!(found["completion"]["total"], 150);
    assert_eq!(found["completion"]["hasMore"], true);
    assert_eq!(found["completion"]["values"][3], "a3");
    let template = json!({ "type": "ref/resource", "uri": "todo://items/{id}" });
    assert_eq!(
        complete(template, "id").await.unwrap()["completion"]["total"],
        150
    );
    let none = complete(json!({ "type": "ref/prompt", "name": "plan" }), "hours")
        .await
        .unwrap();
    assert_eq!(
        none["completion"],
        json!({ "values": [], "total": 0, "hasMore": false })
    );
    assert!(
        complete(json!({ "type": "ref/prompt", "name": "nope" }), "x")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn progress_and_log_are_what_was_asked_for() {
    let server = LocalServer::new(Todos::default());
    let work = r#"{"name":"work","arguments":{"steps":2}}"#;
    let (asking, sent) = ctx(true, &CancellationToken::new());
    server
        .handle("tools/call", work, asking.clone())
        .await
        .unwrap();
    let progress = |n: u32, total: u32| {
        (
            "notifications/progress",
            json!({ "progressToken": "t-1", "progress": n, "total": total }),
        )
    };
    assert_eq!(
        *sent.lock().unwrap(),
        [
            (
                "notifications/message",
                json!({ "level": "error", "data": { "a": 1 } })
            ),
            progress(0, 2),
            progress(1, 2),
            (
                "notifications/progress",
                json!({ "progressToken": "t-1", "progress": 2, "message": "done" })
            ),
        ]
    );
    asking.progress(3, 3);
    asking.log(LogLevel::Emergency, "late");
    assert_eq!(sent.lock().unwrap().len(), 4, "nothing follows the result");

    let (silent, sent) = ctx(false, &CancellationToken::new());
    server.handle("tools/call", work, silent).await.unwrap();
    assert_eq!(sent.lock().unwrap().len(), 1, "no progress without a token");
}

#[tokio::test]
async fn cancellation_reaches_the_tool() {
    let cancel = CancellationToken::new();
    let (ctx, _) = ctx(true, &cancel);
    let waiting =
        LocalServer::new(Todos::default()).handle("tools/call", r#"{"name":"wait"}"#, ctx);
    let (answer, ()) = futures_util::future::join(waiting, async { cancel.cancel() }).await;
    assert_eq!(
        serde_json::from_str::<Value>(&answer.unwrap()).unwrap()["content"][0]["text"],
        "true"
    );
}
