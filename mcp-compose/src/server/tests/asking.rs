//! Methods that ask: one server, called by clients of both eras.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{FutureExt, join, pending, ready};
use serde_json::Map;

use super::*;
use crate::{Answer, SampleRequest, server::LocalServer};

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    /// Tick to go on.
    yes: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Default)]
struct Asker {
    /// How often a line behind a question was reached.
    went_on: AtomicUsize,
}

impl Asker {
    fn go_on(&self) {
        self.went_on.fetch_add(1, Ordering::Relaxed);
    }
}

struct Shared(Arc<Asker>);

/// Asks.
#[mcp_server]
impl Shared {
    /// One question.
    #[tool(read_only)]
    async fn confirm(&self, ctx: &Ctx) -> Result<String> {
        let confirm = ctx.elicit::<Confirm>("confirm", "Sure?").await?;
        self.0.go_on();
        Ok(match confirm {
            Answer::Accepted(Confirm { yes }) => format!("accepted {yes}"),
            other => format!("{:?}", other.map(|_| ())),
        })
    }

    /// One after the other.
    #[tool(read_only)]
    async fn three(&self, ctx: &Ctx) -> Result<String> {
        let one = ctx.elicit::<Name>("one", "Who?").await?.ok();
        let one = one.map_or_else(|| "nobody".to_owned(), |given| given.name);
        let two = ctx
            .sample(
                "two",
                SampleRequest::new(format!("Greet {one}")).max_tokens(9),
            )
            .await?;
        let three = ctx.roots().await?;
        let again = ctx.roots().await?;
        assert_eq!(three, again);
        self.0.go_on();
        Ok(format!("{one}: {} {}", two.text(), three[0].uri))
    }

    /// At once.
    #[tool(read_only)]
    async fn joined(&self, ctx: &Ctx) -> Result<String> {
        let name = ctx.elicit::<Name>("name", "Who?");
        let greeting = ctx.sample("greeting", "Greet");
        let (name, greeting, roots) = tokio::try_join!(name, greeting, ctx.roots())?;
        self.0.go_on();
        let name = name.ok().map_or_else(String::new, |given| given.name);
        Ok(format!("{name}: {} {}", greeting.text(), roots.len()))
    }

    /// Goes on without an answer, or tries to.
    #[tool(read_only)]
    async fn swallows(&self, ctx: &Ctx) -> String {
        let answer = ctx.elicit::<Confirm>("confirm", "Sure?").await;
        self.0.go_on();
        format!("{}", answer.is_ok())
    }

    /// Asks from a task of its own.
    #[tool(read_only)]
    async fn spawns(&self, ctx: Ctx) -> Result<String> {
        let asking = tokio::spawn(async move { ctx.elicit::<Name>("name", "Who?").await });
        Ok(format!("{:?}", asking.await??.ok().map(|given| given.name)))
    }

    /// Does not wait for the answer.
    #[tool(read_only)]
    async fn changes_its_mind(&self, ctx: &Ctx) -> String {
        let answer = ctx.elicit::<Confirm>("confirm", "Sure?").boxed();
        let either = futures_util::future::select(answer, ready("no matter")).await;
        match either {
            futures_util::future::Either::Left(_) => "answered".into(),
            futures_util::future::Either::Right((text, _)) => text.to_owned(),
        }
    }

    /// Asks twice under one key.
    #[tool(read_only)]
    async fn twice(&self, ctx: &Ctx) -> Result<String> {
        let _ = ctx.elicit::<Confirm>("confirm", "Sure?").await?;
        let _ = ctx.elicit::<Confirm>("confirm", "Really?").await?;
        Ok("asked".into())
    }

    /// Opens a page.
    #[tool(read_only)]
    async fn login(&self, ctx: &Ctx, url: String) -> Result<String> {
        let answer = ctx.elicit_url("login", "Log in", url).await?;
        Ok(format!("{answer:?}"))
    }

    /// Asks for what no form can show.
    #[tool(read_only)]
    async fn nested(&self, ctx: &Ctx) -> Result<String> {
        let _ = ctx.elicit::<Tree>("tree", "Which?").await?;
        Ok("asked".into())
    }

    /// Samples with tools.
    #[tool(read_only)]
    async fn with_tools(&self, ctx: &Ctx) -> Result<String> {
        let tool = json!({ "name": "look", "inputSchema": { "type": "object" } });
        let request = SampleRequest::new("Look").tools([tool]);
        Ok(ctx.sample("look", request).await?.text())
    }

    /// Asks first.
    #[prompt]
    async fn plan(&self, ctx: &Ctx) -> Result<String> {
        let name = ctx.elicit::<Name>("name", "Who?").await?;
        Ok(name.ok().map_or_else(String::new, |given| given.name))
    }

    /// Asks first.
    #[resource("asked://name")]
    async fn name(&self, ctx: &Ctx) -> Result<String> {
        let name = ctx.elicit::<Name>("name", "Who?").await?;
        Ok(name.ok().map_or_else(String::new, |given| given.name))
    }

    /// Topics.
    #[prompt]
    fn about(&self, topic: String) -> String {
        topic
    }

    #[complete(about.topic)]
    async fn topics(&self, ctx: &Ctx, partial: &str) -> Result<Vec<String>> {
        let _ = ctx.elicit::<Name>("name", "Who?").await?;
        Ok(vec![partial.to_owned()])
    }
}

fn all() -> Value {
    json!({
        "elicitation": { "form": {}, "url": {} },
        "sampling": { "tools": {} },
        "roots": {},
    })
}

fn asked_by(asking: Asking, capabilities: &Value) -> Ctx {
    let meta = json!({ "io.modelcontextprotocol/clientCapabilities": capabilities });
    Ctx::new(CtxParts {
        progress_token: None,
        log_level: None,
        notify: Arc::new(|_, _| {}),
        cancel: CancellationToken::new(),
        meta: Some(meta.to_string()),
        asking,
        origin: Arc::default(),
    })
}

struct Modern {
    server: LocalServer,
    asker: Arc<Asker>,
    capabilities: Value,
}

impl Modern {
    fn new() -> Self {
        let asker = Arc::new(Asker::default());
        Self {
            server: LocalServer::new(Shared(Arc::clone(&asker))),
            asker,
            capabilities: all(),
        }
    }

    fn went_on(&self) -> usize {
        self.asker.went_on.load(Ordering::Relaxed)
    }

    async fn request(
        &self,
        method: &str,
        params: &Value,
        responses: Option<&Value>,
        state: Option<&Value>,
    ) -> std::result::Result<Value, RpcError> {
        let responses = responses.map(Value::to_string);
        let state = state.map(Value::to_string);
        let answers = Answers::parse(responses.as_deref(), state.as_deref())?;
        let ctx = asked_by(Asking::replay(answers), &self.capabilities);
        let answer = self.server.handle(method, &params.to_string(), ctx).await?;
        Ok(serde_json::from_str(&answer).unwrap())
    }

    async fn call(
        &self,
        name: &str,
        responses: Option<&Value>,
        state: Option<&Value>,
    ) -> std::result::Result<Value, RpcError> {
        let params = json!({ "name": name, "arguments": {} });
        self.request("tools/call", &params, responses, state).await
    }
}

fn accept(content: &Value) -> Value {
    json!({ "action": "accept", "content": content })
}

fn said(text: &str) -> Value {
    json!({
        "role": "assistant",
        "content": { "type": "text", "text": text },
        "model": "m",
        "stopReason": "endTurn",
    })
}

fn some_roots() -> Value {
    json!({ "roots": [{ "uri": "file:///a", "name": "A", "_meta": {} }] })
}

fn asked(result: &Value) -> Vec<&str> {
    assert_eq!(result["resultType"], "input_required", "{result}");
    let requests = result["inputRequests"].as_object().unwrap();
    requests.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_modern_call_ends_with_the_question_and_runs_again_with_the_answer() {
    let client = Modern::new();
    let first = client.call("confirm", None, None).await.unwrap();
    assert_eq!(
        first,
        json!({
            "resultType": "input_required",
            "inputRequests": { "confirm": {
                "method": "elicitation/create",
                "params": {
                    "message": "Sure?",
                    "requestedSchema": {
                        "type": "object",
                        "properties": { "yes": { "type": "boolean", "description": "Tick to go on." } },
                        "required": ["yes"],
                    },
                },
            } },
            "requestState": "{}",
        })
    );
    assert_eq!(client.went_on(), 0);
    for (answer, expected) in [
        (accept(&json!({ "yes": true })), "accepted true"),
        (json!({ "action": "decline" }), "Declined"),
        (json!({ "action": "cancel", "content": null }), "Cancelled"),
    ] {
        let answers = json!({ "confirm": answer, "unknown": { "action": "accept" } });
        let state = first.get("requestState");
        let done = client.call("confirm", Some(&answers), state).await.unwrap();
        assert_eq!(text(&done), expected);
        assert_eq!(done.get("resultType"), None);
    }
    // Answers that come at once do as well; a wrong key does not.
    let at_once = json!({ "confirm": accept(&json!({ "yes": true })) });
    let done = client.call("confirm", Some(&at_once), None).await.unwrap();
    assert_eq!(text(&done), "accepted true");
    let wrong = json!({ "conform": accept(&json!({ "yes": true })) });
    let again = client.call("confirm", Some(&wrong), None).await.unwrap();
    assert_eq!(again, first);
}

#[tokio::test]
async fn answers_of_earlier_rounds_are_kept_and_no_others() {
    let client = Modern::new();
    let first = client.call("three", None, None).await.unwrap();
    assert_eq!(asked(&first), ["one"]);
    let answers = json!({ "one": accept(&json!({ "name": "Ann" })), "unasked": {} });
    let second = client
        .call("three", Some(&answers), first.get("requestState"))
        .await
        .unwrap();
    assert_eq!(asked(&second), ["two"]);
    assert_eq!(
        second["inputRequests"]["two"],
        json!({ "method": "sampling/createMessage", "params": {
            "messages": [{ "role": "user", "content": { "type": "text", "text": "Greet Ann" } }],
            "maxTokens": 9,
        } })
    );
    let kept: Value = serde_json::from_str(second["requestState"].as_str().unwrap()).unwrap();
    assert_eq!(kept, json!({ "one": accept(&json!({ "name": "Ann" })) }));
    let third = client
        .call(
            "three",
            Some(&json!({ "two": said("Hello") })),
            second.get("requestState"),
        )
        .await
        .unwrap();
    assert_eq!(
        third["inputRequests"],
        json!({ "roots": { "method": "roots/list", "params": {} } })
    );
    assert_eq!(client.went_on(), 0);
    let done = client
        .call(
            "three",
            Some(&json!({ "roots": some_roots() })),
            third.get("requestState"),
        )
        .await
        .unwrap();
    assert_eq!(text(&done), "Ann: Hello file:///a");
    assert_eq!(client.went_on(), 1);
}

#[tokio::test]
async fn questions_asked_at_once_go_out_at_once_and_what_is_missing_is_asked_again() {
    let client = Modern::new();
    let first = client.call("joined", None, None).await.unwrap();
    assert_eq!(asked(&first), ["name", "greeting", "roots"]);
    let some = json!({ "greeting": said("Hi"), "roots": some_roots() });
    let second = client
        .call("joined", Some(&some), first.get("requestState"))
        .await
        .unwrap();
    assert_eq!(asked(&second), ["name"]);
    let done = client
        .call(
            "joined",
            Some(&json!({ "name": accept(&json!({ "name": "Ann" })) })),
            second.get("requestState"),
        )
        .await
        .unwrap();
    assert_eq!(text(&done), "Ann: Hi 1");
    assert_eq!(client.went_on(), 1);
}

#[tokio::test]
async fn no_method_gets_past_a_question_without_an_answer() {
    let client = Modern::new();
    let result = client.call("swallows", None, None).await.unwrap();
    assert_eq!(asked(&result), ["confirm"]);
    let result = client.call("spawns", None, None).await.unwrap();
    assert_eq!(asked(&result), ["name"]);
    // Neither past a bad one.
    let bad = json!({ "confirm": accept(&json!({ "yes": "perhaps" })) });
    let error = client.call("swallows", Some(&bad), None).await.unwrap_err();
    assert_eq!(error.code, -32602);
    assert_eq!(client.went_on(), 0);
    // A question that nobody waits for is none.
    let result = client.call("changes_its_mind", None, None).await.unwrap();
    assert_eq!(text(&result), "no matter");
}

#[tokio::test]
async fn answers_that_are_none_are_refused() {
    let client = Modern::new();
    for (tool, answers) in [
        ("confirm", json!({ "confirm": 12345 })),
        ("confirm", json!({ "confirm": ["accept"] })),
        ("confirm", json!({ "confirm": { "action": "maybe" } })),
        ("confirm", json!({ "confirm": { "action": "accept" } })),
        ("confirm", json!({ "confirm": said("yes") })),
        ("confirm", json!(null)),
        ("confirm", json!([])),
        ("joined", json!({ "greeting": { "role": "assistant" } })),
        (
            "joined",
            json!({ "greeting": { "role": "assistant", "content": 3, "model": "m" } }),
        ),
        ("joined", json!({ "roots": { "roots": "file:///" } })),
    ] {
        let error = client.call(tool, Some(&answers), None).await.unwrap_err();
        assert_eq!(error.code, -32602, "{answers}: {error:?}");
    }
    for state in [json!("no JSON"), json!("[]"), json!({})] {
        let error = client
            .call("confirm", None, Some(&state))
            .await
            .unwrap_err();
        assert_eq!(error.code, -32602, "{state}: {error:?}");
        assert!(error.message.starts_with("requestState "), "{error:?}");
    }
}

#[tokio::test]
async fn clients_are_asked_for_what_they_offer() {
    for (tool, capabilities, missing) in [
        (
            "confirm",
            json!({}),
            json!({ "elicitation": { "form": {} } }),
        ),
        (
            "confirm",
            json!({ "elicitation": { "url": {} } }),
            json!({ "elicitation": { "form": {} } }),
        ),
        (
            "three",
            json!({ "elicitation": {} }),
            json!({ "sampling": {} }),
        ),
        (
            "with_tools",
            json!({ "sampling": {} }),
            json!({ "sampling": { "tools": {} } }),
        ),
        (
            "joined",
            json!({ "elicitation": {}, "sampling": {} }),
            json!({ "roots": {} }),
        ),
        (
            "login",
            json!({ "elicitation": {} }),
            json!({ "elicitation": { "url": {} } }),
        ),
    ] {
        let modern = Modern {
            capabilities: capabilities.clone(),
            ..Modern::new()
        };
        let arguments = if tool == "login" {
            json!({ "url": "https://a.example" })
        } else {
            json!({})
        };
        let params = json!({ "name": tool, "arguments": arguments });
        let one = json!({ "one": accept(&json!({ "name": "Ann" })) });
        let error = modern
            .request("tools/call", &params, Some(&one), None)
            .await
            .unwrap_err();
        assert_eq!(error.code, -32021, "{tool}");
        let data: Value = serde_json::from_str(&error.data.unwrap()).unwrap();
        assert_eq!(data["requiredCapabilities"], missing, "{tool}");

        let (asking, _) = inline(answer);
        let legacy = modern
            .server
            .handle(
                "tools/call",
                &params.to_string(),
                asked_by(asking, &capabilities),
            )
            .await;
        assert_eq!(legacy.unwrap_err().code, -32021, "{tool}");
    }
    let ctx = asked_by(Asking::replay(Answers::default()), &all());
    assert!(ctx.offers("sampling.tools") && ctx.offers("roots") && !ctx.offers("sampling.context"));
}

#[tokio::test]
async fn prompts_and_resources_may_ask_and_completions_may_not() {
    let client = Modern::new();
    let answers = json!({ "name": accept(&json!({ "name": "Ann" })) });
    for (method, params) in [
        ("prompts/get", json!({ "name": "plan" })),
        ("resources/read", json!({ "uri": "asked://name" })),
    ] {
        let first = client.request(method, &params, None, None).await.unwrap();
        assert_eq!(asked(&first), ["name"]);
        let done = client
            .request(method, &params, Some(&answers), first.get("requestState"))
            .await
            .unwrap();
        assert!(done.to_string().contains("Ann"), "{done}");
    }
    let complete = json!({
        "ref": { "type": "ref/prompt", "name": "about" },
        "argument": { "name": "topic", "value": "a" },
    });
    for answers in [None, Some(&answers)] {
        let error = client
            .request("completion/complete", &complete, answers, None)
            .await
            .unwrap_err();
        assert!(error.message.contains("completion"), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_is_asked_once() {
    let client = Modern::new();
    let answers = json!({ "confirm": accept(&json!({ "yes": true })) });
    let result = client.call("twice", Some(&answers), None).await.unwrap();
    assert!(text(&result).contains("asked twice"), "{result}");
    let (legacy, questions) = inline(|_, _| Ok(accept(&json!({ "yes": true }))));
    assert!(text(&legacy_call("twice", legacy).await).contains("asked twice"));
    assert_eq!(questions.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_asked_says_so() {
    let client = Modern::new();
    let result = client.call("nested", None, None).await.unwrap();
    assert!(
        text(&result).contains("`Tree` cannot be asked for"),
        "{result}"
    );
    let login = json!({ "name": "login", "arguments": { "url": "not a url" } });
    let result = client
        .request("tools/call", &login, None, None)
        .await
        .unwrap();
    assert!(text(&result).contains("is not a URL"), "{result}");
}

#[tokio::test]
async fn a_url_has_an_id_for_legacy_clients_only() {
    let client = Modern::new();
    let login = json!({ "name": "login", "arguments": { "url": "https://a.example/?x=1" } });
    let first = client
        .request("tools/call", &login, None, None)
        .await
        .unwrap();
    assert_eq!(
        first["inputRequests"]["login"]["params"],
        json!({ "mode": "url", "message": "Log in", "url": "https://a.example/?x=1" })
    );
    let answers = json!({ "login": { "action": "accept" } });
    let done = client
        .request("tools/call", &login, Some(&answers), None)
        .await
        .unwrap();
    assert_eq!(text(&done), "Accepted(())");

    let mut ids = Vec::new();
    for _ in 0..2 {
        let (legacy, questions) = inline(|_, _| Ok(json!({ "action": "accept" })));
        let ctx = asked_by(legacy, &all());
        let server = LocalServer::new(Shared(Arc::default()));
        server
            .handle("tools/call", &login.to_string(), ctx)
            .await
            .unwrap();
        let questions = questions.lock().unwrap();
        ids.push(questions[0].1["elicitationId"].as_str().unwrap().to_owned());
    }
    assert_ne!(ids[0], ids[1]);
}

// === a legacy caller ===

type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// Answers each question at once, and keeps it.
fn inline(
    answer: impl Fn(&str, &Value) -> std::result::Result<Value, RpcError> + Send + Sync + 'static,
) -> (Asking, Asked) {
    let questions = Asked::default();
    let keep = Arc::clone(&questions);
    let asking = Asking::inline(move |method, params| {
        let params: Value = serde_json::from_str(&params).unwrap();
        let answer = answer(method, &params).map(|answer| answer.to_string());
        keep.lock().unwrap().push((method.to_owned(), params));
        ready(answer).boxed()
    });
    (asking, questions)
}

fn answer(method: &str, params: &Value) -> std::result::Result<Value, RpcError> {
    Ok(match method {
        "elicitation/create" => accept(&json!({ "name": "Ann" })),
        "sampling/createMessage" => {
            said(params["messages"][0]["content"]["text"].as_str().unwrap())
        }
        _ => some_roots(),
    })
}

async fn legacy_call(name: &str, asking: Asking) -> Value {
    let params = json!({ "name": name, "arguments": {} }).to_string();
    let ctx = asked_by(asking, &all());
    let server = LocalServer::new(Shared(Arc::default()));
    let answer = server.handle("tools/call", &params, ctx).await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test]
async fn a_legacy_client_is_asked_while_the_method_waits() {
    let (asking, questions) = inline(answer);
    let result = legacy_call("three", asking).await;
    assert_eq!(text(&result), "Ann: Greet Ann file:///a");
    let methods: Vec<_> = questions
        .lock()
        .unwrap()
        .iter()
        .map(|asked| asked.0.clone())
        .collect();
    assert_eq!(
        methods,
        [
            "elicitation/create",
            "sampling/createMessage",
            "roots/list",
            "roots/list"
        ]
    );
    let (asking, questions) = inline(answer);
    assert_eq!(text(&legacy_call("joined", asking).await), "Ann: Greet 1");
    assert_eq!(questions.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_legacy_answer_that_is_none_is_told_to_the_method() {
    let (asking, _) = inline(|_, _| Ok(accept(&json!({ "yes": "perhaps" }))));
    let result = legacy_call("confirm", asking).await;
    assert_eq!(result["isError"], true);
    assert!(
        text(&result).contains("the answer to `confirm`"),
        "{result}"
    );
    let (asking, _) = inline(|_, _| Err(RpcError::new(-1, "the user is away")));
    let result = legacy_call("confirm", asking).await;
    assert_eq!(result["isError"], true);
    assert!(text(&result).contains("the user is away"), "{result}");
}

#[tokio::test]
async fn a_task_that_asks_after_the_call_is_told_that_it_is_over() {
    let never = Asking::inline(|_, _| pending().boxed());
    for asking in [Asking::replay(Answers::default()), never] {
        let ctx = asked_by(asking, &all());
        let waiting = ctx.elicit::<Name>("name", "Who?");
        let over = async { ctx.finish() };
        let (waited, ()) = join(waiting, over).await;
        assert!(waited.unwrap_err().to_string().contains("over"));
        let late = ctx.elicit::<Name>("late", "Who?").await;
        assert!(late.unwrap_err().to_string().contains("over"));
    }
}

#[test]
fn a_request_for_the_model_is_what_was_said() {
    let request = SampleRequest::new("a")
        .message(Message::assistant("b"))
        .raw_message(json!({ "role": "user", "content": [] }))
        .system("s")
        .temperature(0.5)
        .temperature(f64::NAN)
        .stop(["x"])
        .model("sonnet")
        .model("opus")
        .set("modelPreferences", json!({ "costPriority": 1 }))
        .set("toolChoice", json!({ "mode": "none" }));
    let params = request.into_params();
    let text = |role: &str, text: &str| json!({ "role": role, "content": { "type": "text", "text": text } });
    let mut expected = Map::new();
    for (member, value) in [
        (
            "messages",
            json!([text("user", "a"), text("assistant", "b"), { "role": "user", "content": [] }]),
        ),
        ("maxTokens", json!(1024)),
        ("systemPrompt", json!("s")),
        ("temperature", json!(0.5)),
        ("stopSequences", json!(["x"])),
        (
            "modelPreferences",
            json!({ "costPriority": 1, "hints": [{ "name": "sonnet" }, { "name": "opus" }] }),
        ),
        ("toolChoice", json!({ "mode": "none" })),
    ] {
        expected.insert(member.into(), value);
    }
    assert_eq!(params, Value::Object(expected));
}
