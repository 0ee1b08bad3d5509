//! What methods take from the call.

use std::collections::BTreeMap;

use http::{Extensions, HeaderMap};

use super::super::{
    call::{Given, Kind},
    describe::Scene,
};
use super::*;
use crate::{
    Call, Caller, Cancel, Children, ClientInfo, Extension, Headers, Meta, Principal,
    wire::{HttpRequest, Origin, Raw},
};

#[derive(Deserialize, JsonSchema)]
struct All {
    n: u8,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct User {
    name: String,
}

/// It is an argument as well; that does not count.
#[derive(Deserialize, JsonSchema)]
struct Tenant {
    of: String,
}

impl FromCall for Tenant {
    fn from_call(call: &Call) -> Result<Self> {
        let of = call.header("x-tenant").map(str::to_owned);
        let of = of.ok_or_else(|| ToolError::new(format!("`{}`: which tenant?", call.name())))?;
        Ok(Self { of })
    }
}

type Who = Tenant;

struct Taker;

#[mcp_server]
impl Taker {
    /// Takes everything.
    #[tool(read_only)]
    fn all(
        &self,
        cancel: Cancel,
        client: ClientInfo,
        caller: Caller,
        children: Children,
        headers: Headers,
        meta: Meta,
        user: Option<Extension<User>>,
        word: String,
    ) -> String {
        format!(
            "{word} {} {client:?} {} {} {:?} {headers:?} {} {:?} {}",
            cancel.is_cancelled(),
            caller.is_anonymous(),
            children.names().len(),
            headers.get("x-tenant"),
            meta.len(),
            meta.get::<u8>("n"),
            user.is_some_and(|user| user.name == "ann"),
        )
    }

    /// Needs a user.
    #[tool(read_only)]
    fn user(&self, Extension(user): Extension<User>) -> String {
        user.name
    }

    /// Needs a tenant.
    #[tool(read_only)]
    fn tenant(&self, tenant: Who) -> String {
        tenant.of
    }

    /// Takes all arguments, and perhaps a user.
    #[tool(read_only)]
    fn whole(&self, #[args] all: All, user: Option<Extension<User>>) -> String {
        format!("{} {}", all.n, user.is_some())
    }

    /// Needs no tenant.
    #[tool(read_only, blocking)]
    fn perhaps(&self, tenant: Option<Tenant>) -> bool {
        tenant.is_some()
    }

    #[resource("x://{id}")]
    fn read(&self, id: u8, tenant: Tenant, user: Option<Extension<User>>) -> String {
        format!("{id} {} {}", tenant.of, user.is_some())
    }

    #[prompt]
    fn ask(&self, topic: String, tenant: Who) -> String {
        format!("{topic} {}", tenant.of)
    }

    #[complete(ask.topic)]
    fn topics(&self, partial: &str, tenant: Tenant) -> Vec<String> {
        vec![format!("{partial} {}", tenant.of)]
    }
}

fn over_http() -> Origin {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-tenant", "acme"),
        ("authorization", "Bearer CANARY"),
        ("proxy-authorization", "CANARY"),
        ("cookie", "CANARY"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let mut extensions = Extensions::new();
    extensions.insert(User { name: "ann".into() });
    Origin {
        principal: Principal::new("ann"),
        version: Some("2025-11-25".into()),
        client_info: Some(Raw::from_json(
            json!({ "name": "cli", "version": "1", "title": "CLI" }).to_string(),
        )),
        http: Some(Arc::new(HttpRequest {
            headers,
            extensions,
        })),
        ..Origin::default()
    }
}

async fn handled(
    origin: Origin,
    method: &str,
    params: Value,
) -> std::result::Result<Value, RpcError> {
    let ctx = Ctx::new(CtxParts {
        progress_token: None,
        log_level: None,
        notify: Arc::new(|_, _| {}),
        cancel: CancellationToken::new(),
        meta: Some(json!({ "n": 7 }).to_string()),
        asking: Asking::replay(Answers::default()),
        origin: Arc::new(origin),
    });
    let server = LocalServer::new(Taker);
    let answer = server.handle(method, &params.to_string(), ctx).await?;
    Ok(serde_json::from_str(&answer).unwrap())
}

async fn taken(origin: Origin, name: &str) -> String {
    let arguments = match name {
        "all" => json!({ "word": "w" }),
        "whole" => json!({ "n": 3 }),
        _ => json!({}),
    };
    let params = json!({ "name": name, "arguments": arguments });
    match handled(origin, "tools/call", params).await {
        Ok(result) => text(&result).to_owned(),
        Err(error) => format!("{} {}", error.code, error.message),
    }
}

#[test]
fn what_is_taken_from_the_call_is_not_an_argument() {
    let server = LocalServer::new(Taker);
    let properties = |name| {
        let tool = listed(&server.lists().tools, name);
        let properties = tool["inputSchema"]["properties"].as_object().unwrap();
        properties.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(properties("all"), ["word"]);
    assert!(properties("user").is_empty());
    assert!(properties("tenant").is_empty());
    let prompt = listed(&server.lists().prompts, "ask");
    assert_eq!(
        prompt["arguments"],
        json!([{ "name": "topic", "required": true }])
    );
}

#[tokio::test]
async fn everything_that_is_known_of_a_call_can_be_taken() {
    assert_eq!(
        taken(over_http(), "all").await,
        r#"w false ClientInfo { name: "cli", version: "1", title: Some("CLI"), protocol_version: "2025-11-25" } false 0 Some("acme") {"x-tenant"} 1 Some(7) true"#
    );
    assert_eq!(taken(over_http(), "user").await, "ann");
    assert_eq!(taken(over_http(), "whole").await, "3 true");
    assert_eq!(taken(over_http(), "tenant").await, "acme");
    assert_eq!(taken(over_http(), "perhaps").await, "true");
}

#[tokio::test]
async fn what_is_not_known_of_a_call_is_empty_or_refused() {
    assert_eq!(
        taken(Origin::default(), "all").await,
        r#"w false ClientInfo { name: "", version: "", title: None, protocol_version: "" } true 0 None {} 1 Some(7) false"#
    );
    let user = taken(Origin::default(), "user").await;
    assert!(
        user.starts_with("-32603 `user` needs the extension `") && user.contains("User`"),
        "{user}"
    );
    assert_eq!(
        taken(Origin::default(), "tenant").await,
        "`tenant`: which tenant?"
    );
    assert_eq!(taken(Origin::default(), "perhaps").await, "false");
    assert_eq!(taken(Origin::default(), "whole").await, "3 false");
}

#[tokio::test]
async fn resources_prompts_and_completions_take_as_well() {
    let read = json!({ "uri": "x://7" });
    let contents = handled(over_http(), "resources/read", read.clone()).await;
    assert_eq!(contents.unwrap()["contents"][0]["text"], "7 acme true");
    let error = handled(Origin::default(), "resources/read", read).await;
    assert_eq!(error.unwrap_err().message, "`x://7`: which tenant?");
    let ask = json!({ "name": "ask", "arguments": { "topic": "t" } });
    let messages = handled(over_http(), "prompts/get", ask).await.unwrap();
    assert_eq!(messages["messages"][0]["content"]["text"], "t acme");
    let complete = json!({ "ref": { "type": "ref/prompt", "name": "ask" }, "argument": { "name": "topic", "value": "g" } });
    let values = handled(over_http(), "completion/complete", complete).await;
    assert_eq!(values.unwrap()["completion"]["values"], json!(["g acme"]));
}

#[test]
fn callers_are_equal_for_the_same_user_only() {
    let caller = |principal: Principal| {
        let origin = Origin {
            principal,
            ..Origin::default()
        };
        let ctx = Ctx::new(CtxParts {
            progress_token: None,
            log_level: None,
            notify: Arc::new(|_, _| {}),
            cancel: CancellationToken::new(),
            meta: None,
            asking: Asking::replay(Answers::default()),
            origin: Arc::new(origin),
        });
        let call = Call {
            kind: Kind::Tool,
            key: "x",
            given: Given::Json(BTreeMap::new()),
            ctx,
            scene: Scene::default(),
        };
        Caller::from_call(&call).unwrap()
    };
    let (ann, bob) = (Principal::new("ann"), Principal::new("bob"));
    assert_eq!(caller(ann.clone()), caller(ann.clone()));
    assert_ne!(caller(ann), caller(bob));
    assert!(caller(Principal::anonymous()).is_anonymous());
}
