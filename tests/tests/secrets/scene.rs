//! A composition with a secret at each place that can have one, and a client that has its own.

use mcp_compose_tests::aggregator::Config;
use mcp_compose_tests::raw::{Raw, accepted};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, scripted, tool};
use serde_json::{Value, json};

use super::sinks::{Sinks, canary};

/// Seconds that a child has which never answers.
const SHORT: f64 = 0.3;

/// The children, those on HTTP in this process.
pub(crate) struct Scene {
    web: HttpChild,
    modern: HttpChild,
    locked: HttpChild,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let http = async |script: Value, authorization: Option<String>| {
            let script = serde_json::from_str::<Script>(&script.to_string()).expect("a script");
            HttpChild::start(HttpScript {
                script,
                authorization,
            })
            .await
        };
        let result = json!({ "content": [{ "type": "text", "text": canary("result") }], "structuredContent": { "is": canary("result") } });
        let error = json!({ "code": -32050, "message": canary("error"), "data": { "more": canary("error") } });
        let web = json!({
            "calls": { "result": { "answer": { "result": result } }, "fail": { "answer": { "error": error } } },
            "tools": [tool("result"), tool("fail")],
        });
        let question = json!({ "method": "elicitation/create", "params": elicitation() });
        let required = json!({ "resultType": "input_required", "inputRequests": { "k": question }, "requestState": canary("state") });
        let modern = json!({
            "era": "modern",
            "calls": { "ask": { "steps": null, "answer": { "result": required }, "retry": { "answer": "echo" } } },
        });
        let token = format!("Bearer {}", canary("header-variable"));
        Self {
            web: http(merged(child(), web), None).await,
            modern: http(merged(child(), modern), Some(token)).await,
            locked: http(child(), Some("Bearer another".to_owned())).await,
        }
    }

    pub(crate) fn config(&self) -> Config {
        let pipe = {
            let mut entry = scripted(merged(child(), json!({})));
            entry["env"] =
                json!({ "DECLARED": canary("env"), "OF_VARIABLE": "${CANARY_VARIABLE}" });
            entry
        };
        let pipe_modern = scripted(merged(
            child(),
            json!({ "era": "modern", "calls": { "ask": null } }),
        ));
        let mut slow = pipe.clone();
        slow["timeout"] = json!(SHORT);
        let (user, password, query) = (
            canary("url-user"),
            canary("url-password"),
            canary("url-query"),
        );
        let address = self
            .web
            .url
            .replace("http://", &format!("http://{user}:{password}@"));
        let web = json!({
            "url": format!("{address}?key={query}#{query}"),
            "headers": { "X-Static": canary("static-header"), "X-Token": format!("Bearer {}", canary("static-token")) },
        });
        let mut web_slow = web.clone();
        web_slow["timeout"] = json!(SHORT);
        let config = Config::new()
            .child("pipe", pipe)
            .child("pipe_modern", pipe_modern)
            .child("slow", slow)
            .child("web", web)
            .child("web_slow", web_slow)
            .child("web_modern", json!({ "url": self.modern.url, "headers": { "Authorization": "Bearer ${CANARY_HEADER}" } }))
            .child("locked", json!({ "url": self.locked.url, "headers": { "Authorization": canary("refused-token") }, "optional": true }))
            .child("broken", json!({ "command": "/there/is/no/such/program", "env": { "A": canary("broken-env") }, "optional": true }))
            .environment("MCP_COMPOSE_LOG", "trace,rmcp::service=trace,hyper=trace")
            .environment("RUST_LOG", "trace")
            .environment("CANARY_VARIABLE", &canary("env-variable"))
            .environment("CANARY_HEADER", &canary("header-variable"));
        (0..200).fold(config, |config, number| {
            config.environment(&format!("UNDECLARED_{number}"), &canary("undeclared"))
        })
    }

    /// What goes well, and what goes wrong. What the client was told, and what children got, is kept.
    pub(crate) async fn play(&self, client: &Raw, sinks: &mut Sinks) {
        for child in ["pipe", "pipe_modern", "web", "web_modern"] {
            client.listed(&format!("{child}_echo")).await;
            let arguments = json!({ "secret": canary("argument") });
            let said = client.call(&format!("{child}_echo"), arguments).await;
            assert!(said.to_string().contains(&canary("argument")), "{said}");
            let wrong = json!({ "number": canary("wrong-argument") });
            let _ = client.call(&format!("{child}_strict"), wrong).await;
            let _ = client.try_request("prompts/get", json!({ "name": format!("{child}_p"), "arguments": { "a": canary("prompt-argument") } })).await;
            let uri = format!("{}://a://b?key={}", child.replace('_', "-"), canary("uri"));
            let read = client
                .try_request("resources/read", json!({ "uri": uri }))
                .await;
            read.expect_err("there is no such resource");
        }
        client.call("web_result", json!({})).await;
        failing(client, "web_fail", json!({})).await;
        for child in ["pipe", "web", "web_modern"] {
            let asking = client
                .ask(&format!("{child}_ask"), json!({}))
                .await
                .asking();
            let answer = accepted(json!({ "word": canary("answer") }));
            let _ = asking.answer(answer).await.result();
        }
        let lost = json!({ "secret": canary("failing-argument") });
        failing(client, "slow_hang", lost.clone()).await;
        failing(client, "web_slow_hang", lost.clone()).await;
        failing(client, "pipe_crash", lost.clone()).await;
        failing(client, "locked_echo", lost.clone()).await;
        failing(client, "broken_echo", lost.clone()).await;
        self.modern.fail_with(500);
        failing(client, "web_modern_echo", lost.clone()).await;
        self.modern.fail_with(401);
        failing(client, "web_modern_echo", lost).await;
        self.modern.fail_with(0);
        let told: Vec<String> = client
            .received()
            .iter()
            .map(|message| message.text.clone())
            .collect();
        sinks.add("client", &told.join("\n"));
        for child in ["pipe", "pipe_modern", "web", "web_modern"] {
            let received = client.call(&format!("{child}_received"), json!({})).await;
            sinks.add("child", &received.to_string());
        }
        for child in [&self.web, &self.modern, &self.locked] {
            sinks.add(
                "headers of children",
                &format!("{:?}", without_own(child.headers())),
            );
        }
    }

    /// The run has shown something: what a child is to get, it got.
    pub(crate) fn assert_arrived(&self, sinks: &Sinks) {
        let hits = sinks.hits();
        for (name, sink) in [
            ("argument", "child"),
            ("failing-argument", "child"),
            ("answer", "child"),
            ("state", "child"),
            ("env", "environment of pipe"),
            ("env-variable", "environment of pipe"),
            ("result", "client"),
        ] {
            assert!(
                hits.contains(&(name, sink.to_owned())),
                "{name} is not in {sink}: {hits:?}"
            );
        }
        let has = |child: &HttpChild, name: &str, value: &str| {
            let mut headers = child.headers().into_iter().flatten();
            headers.any(|(known, given)| known == name && given == value)
        };
        assert!(has(&self.web, "x-static", &canary("static-header")));
        assert!(has(
            &self.web,
            "x-token",
            &format!("Bearer {}", canary("static-token"))
        ));
        assert!(has(&self.locked, "authorization", &canary("refused-token")));
    }
}

/// Headers of requests, less those that the file has for this child.
fn without_own(requests: Vec<Vec<(String, String)>>) -> Vec<(String, String)> {
    let own = ["x-static", "x-token", "authorization"];
    let inbound = [canary("bearer"), canary("proxy")];
    requests
        .into_iter()
        .flatten()
        .filter(|(name, value)| {
            !own.contains(&name.as_str()) || inbound.iter().any(|secret| value.contains(secret))
        })
        .collect()
}

/// What a child has in any case. The question's answer is all that its user says.
fn child() -> Value {
    let strict = json!({ "name": "strict", "inputSchema": { "type": "object", "properties": { "number": { "type": "integer" } } } });
    let ask = json!({ "method": "elicitation/create", "params": elicitation() });
    basic(json!({
        "tools": [tool("hang"), tool("crash"), tool("ask"), strict],
        "prompts": [{ "name": "p", "arguments": [{ "name": "a" }] }],
        "resources": [{ "uri": "a://listed", "name": "listed" }],
        "calls": {
            "hang": { "steps": ["until_cancelled"] },
            "crash": { "steps": [{ "exit": 3 }] },
            "ask": { "steps": [{ "ask": ask }], "answer": { "result": { "content": [] } } },
        },
    }))
}

fn elicitation() -> Value {
    let word = json!({ "type": "object", "properties": { "word": { "type": "string" } }, "required": ["word"] });
    json!({ "mode": "form", "message": "A word?", "requestedSchema": word })
}

/// Lists are put together, objects member by member; `null` takes a member away.
fn merged(mut script: Value, more: Value) -> Value {
    match (&mut script, more) {
        (Value::Object(known), Value::Object(more)) => {
            for (key, value) in more {
                let former = known.remove(&key).unwrap_or(Value::Null);
                if !value.is_null() {
                    known.insert(key, merged(former, value));
                }
            }
        }
        (Value::Array(known), Value::Array(more)) => known.extend(more),
        (known, more) => *known = more,
    }
    script
}

/// The credentials of the client itself.
pub(crate) fn client_headers() -> Vec<(&'static str, String)> {
    vec![
        ("authorization", format!("Bearer {}", canary("bearer"))),
        ("x-api-key", canary("api-key")),
        ("cookie", format!("session={}", canary("cookie"))),
        ("proxy-authorization", format!("Basic {}", canary("proxy"))),
        ("x-forwarded-user", canary("client-header")),
    ]
}

/// A client that can be asked.
pub(crate) fn capabilities() -> Value {
    json!({ "elicitation": { "form": {} } })
}

async fn failing(client: &Raw, tool: &str, arguments: Value) {
    let params = json!({ "name": tool, "arguments": arguments });
    let outcome = client.try_request("tools/call", params).await;
    outcome.expect_err(tool);
}
