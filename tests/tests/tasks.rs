//! Tasks of modern children (the extension `io.modelcontextprotocol/tasks`): they reach the client that made them, and
//! nobody else.

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::clients::Target;
use mcp_compose_tests::conformance::{Outcome, Server, differences, failures, scenarios};
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, says, scripted, text, tool};
use serde_json::{Value, json};

const TASKS: &str = "io.modelcontextprotocol/tasks";
const TOLD: &str = "notifications/tasks";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// All that the suite has on tasks but `tasks-status-notifications`, which checks nothing yet.
const SCENARIOS: &[&str] = &[
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-dispatch-and-envelope",
    "tasks-required-task-error",
    "tasks-mrtr-composition",
];

/// What a client declares that takes tasks and can be asked.
fn takes_tasks() -> Value {
    json!({ "elicitation": {}, "extensions": { TASKS: {} } })
}

/// The entry of a child on rmcp whose tools make tasks.
fn child() -> Value {
    json!({ "command": binary("rmcp_tasks") })
}

/// The same over HTTP.
async fn child_over_http() -> (Process, String) {
    let mut process = Process::start(command(binary("rmcp_tasks")).arg("--http"));
    let url = process.line(|line| line.starts_with("http://")).await;
    (process, url)
}

async fn composed(config: &Config, tool: &str) -> Aggregator {
    let aggregator = Aggregator::http(config).await;
    Raw::http(&aggregator, LEGACY).await.listed(tool).await;
    aggregator
}

fn id(task: &Value) -> &str {
    task["taskId"]
        .as_str()
        .unwrap_or_else(|| panic!("no task id in {task}"))
}

async fn get(client: &Raw, task: &str) -> Value {
    client.request("tasks/get", json!({ "taskId": task })).await
}

/// The task once it stands like this.
async fn until(client: &Raw, task: &str, status: &str) -> Value {
    let mut look = tokio::time::interval(std::time::Duration::from_millis(20));
    patiently(&format!("{task} to be {status}"), async {
        loop {
            look.tick().await;
            let found = get(client, task).await;
            if found["status"] == status {
                return found;
            }
        }
    })
    .await
}

fn passes(outcome: &Outcome) {
    let failed = failures(outcome);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(outcome.len(), SCENARIOS.len(), "{outcome:?}");
    let checks: usize = outcome.values().map(Vec::len).sum();
    assert!(checks >= 40, "only {checks} checks");
}

#[tokio::test]
async fn the_suite_finds_no_difference_through_the_aggregator() {
    let (_server, url) = child_over_http().await;
    let direct = scenarios(SCENARIOS, &url).await;
    passes(&direct);
    let over_http = json!({ "url": url, "namespace": "" });
    let mut over_stdio = child();
    over_stdio["namespace"] = json!("");
    for entry in [over_http, over_stdio] {
        let aggregator = composed(&Config::new().child("tasks", entry), "greet").await;
        let through = scenarios(SCENARIOS, &aggregator.url).await;
        passes(&through);
        assert_eq!(differences(Server::Rmcp, &direct, &through), [""; 0]);
    }
}

#[tokio::test]
async fn a_task_is_called_the_same_from_its_creation_to_its_end() {
    let aggregator = composed(&Config::new().child("jobs", child()), "jobs_greet").await;
    let stdio = StdioCommand::new(&Config::new().child("jobs", child()));
    for client in [
        Raw::url(&aggregator.url, MODERN, takes_tasks()).await,
        Raw::stdio(&stdio, MODERN).await.declaring(takes_tasks()),
    ] {
        let capabilities = &client.welcome["capabilities"];
        assert_eq!(capabilities["extensions"], json!({ TASKS: {} }));

        let arguments = json!({ "filename": "a.txt" });
        let made = client.call("jobs_confirm_delete", arguments).await;
        assert_eq!(made["resultType"], "task", "{made}");
        let task = id(&made);
        assert!(task.starts_with("jobs."), "{task}");
        let asking = until(&client, task, "input_required").await;
        assert_eq!(id(&asking), task);
        let question = &asking["inputRequests"]["confirm"];
        assert_eq!(question["method"], "elicitation/create", "{asking}");
        assert_eq!(question["params"]["message"], "[jobs] Delete a.txt?");
        assert_eq!(question["params"]["_meta"]["mcpCompose/child"], "jobs");

        let answer = json!({ "action": "accept", "content": { "confirm": true } });
        let update = json!({ "taskId": task, "inputResponses": { "confirm": answer } });
        let noted = client.request("tasks/update", update).await;
        assert_eq!(noted["resultType"], "complete", "{noted}");
        let done = until(&client, task, "completed").await;
        assert_eq!(id(&done), task);
        let told: Value = serde_json::from_str(text(&done["result"])).expect("the answer as JSON");
        assert_eq!(told, answer);
    }
}

#[tokio::test]
async fn what_a_task_ends_with_is_exposed_as_a_result_of_its_tool_is() {
    let aggregator = composed(&Config::new().child("jobs", child()), "jobs_greet").await;
    let client = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
    let made = client.call("jobs_linking_job", json!({})).await;
    let done = until(&client, id(&made), "completed").await;
    assert_eq!(done["result"]["content"][0]["uri"], "jobs://jobs://1");

    let made = client.call("jobs_protocol_error_job", json!({})).await;
    let failed = until(&client, id(&made), "failed").await;
    assert_eq!(failed["error"]["message"], "the job broke", "{failed}");
    assert_eq!(failed["error"]["data"]["uri"], "jobs://jobs://1");

    let made = client
        .call("jobs_slow_compute", json!({ "seconds": 600 }))
        .await;
    let noted = client
        .request("tasks/cancel", json!({ "taskId": id(&made) }))
        .await;
    assert_eq!(noted["resultType"], "complete", "{noted}");
    until(&client, id(&made), "cancelled").await;
}

#[tokio::test]
async fn a_task_is_its_principals_alone() {
    let config = Config::new().child("jobs", child()).child("more", child());
    let aggregator = composed(&config, "more_greet").await;
    let acting_for = async |who: &str| {
        let mut client = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
        client.set_header("authorization", &format!("Bearer {who}"));
        client
    };
    let alice = acting_for("alice").await;
    let made = alice
        .call("jobs_slow_compute", json!({ "seconds": 600 }))
        .await;
    let task = id(&made);
    assert_eq!(get(&alice, task).await["status"], "working");
    assert_eq!(get(&acting_for("alice").await, task).await["taskId"], task);

    let bob = acting_for("bob").await;
    let anonymous = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
    let of_the_other_child = task.replacen("jobs.", "more.", 1);
    let original = task.rsplit('.').next().expect("the child's own id");
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let refused = async |client: &Raw, task: &str| {
            let params = json!({ "taskId": task, "inputResponses": {} });
            let outcome = client.try_request(method, params).await;
            outcome.expect_err(&format!("{method} of {task}"))
        };
        let unknown = refused(&alice, "jobs.never-heard-of").await;
        assert_eq!(unknown["code"], -32602, "{unknown}");
        assert_eq!(refused(&bob, task).await, unknown);
        assert_eq!(refused(&anonymous, task).await, unknown);
        assert_eq!(refused(&alice, &of_the_other_child).await, unknown);
        assert_eq!(refused(&alice, original).await, unknown);
    }
    assert_eq!(get(&alice, task).await["status"], "working");
}

#[tokio::test]
async fn who_takes_no_tasks_gets_none() {
    let aggregator = composed(&Config::new().child("jobs", child()), "jobs_greet").await;
    let taker = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
    let made = taker
        .call("jobs_slow_compute", json!({ "seconds": 600 }))
        .await;
    let params = json!({ "taskId": id(&made) });

    let modern = Raw::url(&aggregator.url, MODERN, json!({})).await;
    let declared = json!({ "extensions": { TASKS: {} } });
    let legacy = Raw::url(&aggregator.url, LEGACY, declared).await;
    assert_eq!(legacy.welcome["capabilities"].get("extensions"), None);
    for (client, code) in [(&modern, -32021), (&legacy, -32601)] {
        let result = client
            .call("jobs_slow_compute", json!({ "seconds": 0 }))
            .await;
        assert_eq!(text(&result), "computed");
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let refused = client.try_request(method, params.clone()).await;
            let refused = refused.expect_err(method);
            assert_eq!(refused["code"], code, "{refused}");
        }
    }
    for method in ["tasks/list", "tasks/result"] {
        let refused = taker.try_request(method, params.clone()).await;
        assert_eq!(refused.expect_err(method)["code"], -32601);
    }
}

#[tokio::test]
async fn without_a_child_that_makes_tasks_there_is_no_such_method() {
    let aggregator = composed(
        &Config::new().child("plain", scripted(basic(json!({})))),
        "plain_echo",
    )
    .await;
    let client = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
    assert_eq!(client.welcome["capabilities"].get("extensions"), None);
    let refused = client
        .try_request("tasks/get", json!({ "taskId": "x" }))
        .await;
    assert_eq!(refused.expect_err("tasks/get")["code"], -32601);
}

#[tokio::test]
async fn a_task_asks_only_what_its_client_can_be_asked() {
    let aggregator = composed(&Config::new().child("jobs", child()), "jobs_greet").await;
    let asked = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
    let made = asked.call("jobs_multi_input", json!({})).await;
    let asking = until(&asked, id(&made), "input_required").await;
    let questions = asking["inputRequests"].as_object().expect("questions");
    assert_eq!(questions.keys().collect::<Vec<_>>(), ["confirm", "name"]);

    let declared = json!({ "extensions": { TASKS: {} } });
    let unable = Raw::url(&aggregator.url, MODERN, declared).await;
    let params = json!({ "taskId": id(&made) });
    let refused = unable.try_request("tasks/get", params).await;
    let refused = refused.expect_err("questions that the client cannot be asked");
    assert_eq!(refused["code"], -32000, "{refused}");
    assert_eq!(refused["data"]["mcpCompose"]["child"], "jobs");
    let message = refused["message"].as_str().expect("a message");
    assert!(message.contains("`elicitation`"), "{message}");
}

/// A modern child that answers `task` and the prompt `task` with a task, whoever asks.
fn careless() -> Value {
    scripted(careless_script())
}

fn careless_script() -> Value {
    let news = |id: &str, status: &str| {
        json!({ "notify": { "method": TOLD, "params": {
            "taskId": id, "status": status, "createdAt": "2026-01-01T00:00:00Z",
            "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": null,
            "result": { "content": [{ "type": "resource_link", "uri": "jobs://1", "name": "job 1" }] },
        } } })
    };
    let mut tell = says("told");
    tell["steps"] = json!([
        news("other", "completed"),
        news("T", "working"),
        news("T", "completed")
    ]);
    let task = json!({ "answer": { "result": {
        "resultType": "task", "taskId": "T", "status": "working", "createdAt": "2026-01-01T00:00:00Z",
        "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": null,
    } } });
    basic(json!({
        "era": "modern",
        "tools": [tool("task"), tool("tell")],
        "calls": { "task": task, "tell": tell },
        "prompts": [{ "name": "task" }],
        "gets": { "task": task },
        "capabilities": { "tools": {}, "prompts": {}, "extensions": { TASKS: {} } },
    }))
}

#[tokio::test]
async fn a_task_that_nobody_can_have_asked_for_is_an_error_of_the_child() {
    let aggregator = composed(&Config::new().child("odd", careless()), "odd_task").await;
    let taker = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
    let made = taker.call("odd_task", json!({})).await;
    assert!(
        id(&made).starts_with("odd.") && id(&made).ends_with(".T"),
        "{made}"
    );

    let call = json!({ "name": "odd_task", "arguments": {} });
    let get = json!({ "name": "odd_task" });
    for (client, method, params) in [
        (
            &Raw::url(&aggregator.url, MODERN, json!({})).await,
            "tools/call",
            &call,
        ),
        (&Raw::http(&aggregator, LEGACY).await, "tools/call", &call),
        (&taker, "prompts/get", &get),
    ] {
        let refused = client.try_request(method, params.clone()).await;
        let refused = refused.expect_err(method);
        assert_eq!(refused["code"], -32000, "{refused}");
        let data = &refused["data"]["mcpCompose"];
        assert_eq!(
            (&data["child"], &data["reason"]),
            (&json!("odd"), &json!("child_protocol_error"))
        );
    }
}

#[tokio::test]
async fn a_child_is_told_of_tasks_for_those_who_take_them() {
    let aggregator = composed(&Config::new().child("odd", careless()), "odd_task").await;
    for (version, declared, told) in [
        (MODERN, takes_tasks(), true),
        (MODERN, json!({ "extensions": { "a/b": {} } }), false),
        (LEGACY, takes_tasks(), false),
    ] {
        let client = Raw::url(&aggregator.url, version, declared).await;
        let call =
            json!({ "name": "odd_echo", "arguments": { "of": version }, "task": { "ttl": 1 } });
        client.request("tools/call", call).await;
        let seen = client
            .call("odd_received", json!({ "method": "tools/call" }))
            .await;
        let seen = seen["structuredContent"]["messages"]
            .as_array()
            .and_then(|all| {
                all.iter()
                    .rev()
                    .find(|sent| sent["params"]["name"] == "echo")
                    .cloned()
            })
            .expect("the call arrived");
        let capabilities = &seen["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        let extensions = &capabilities["extensions"];
        let expected = if told {
            json!({ TASKS: {} })
        } else {
            Value::Null
        };
        assert_eq!(extensions, &expected, "{seen}");
        // The way of 2025-11-25 to ask for a task is nobody's that was told of none.
        assert_eq!(seen["params"].get("task"), None, "{seen}");
    }
}

#[tokio::test]
async fn who_listens_for_a_task_hears_of_it() {
    let script: Script = serde_json::from_value(careless_script()).expect("a script");
    let over_http = HttpChild::start(HttpScript {
        script,
        authorization: None,
    })
    .await;
    for entry in [careless(), json!({ "url": over_http.url })] {
        let aggregator = composed(&Config::new().child("odd", entry), "odd_task").await;
        let client = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
        let made = client.call("odd_task", json!({})).await;
        let task = id(&made);
        let _listening = client
            .listen(json!({ "taskIds": [task, "odd.none"] }))
            .await;
        let granted = client.notification(ACKNOWLEDGED, |_| true).await;
        assert_eq!(
            granted.value["params"]["notifications"],
            json!({ "taskIds": [task] })
        );

        let mut stranger = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
        stranger.set_header("authorization", "Bearer somebody");
        let _ignored = stranger.listen(json!({ "taskIds": [task] })).await;
        let granted = stranger.notification(ACKNOWLEDGED, |_| true).await;
        assert_eq!(granted.value["params"]["notifications"], json!({}));
        let unaware = Raw::url(&aggregator.url, MODERN, json!({})).await;
        let params = json!({ "notifications": { "taskIds": [task] } });
        let refused = unaware.try_request("subscriptions/listen", params).await;
        assert_eq!(refused.expect_err("no extension")["code"], -32021);

        stranger.call("odd_tell", json!({})).await;
        let done = client
            .notification(TOLD, |params| params["status"] == "completed")
            .await;
        let params = &done.value["params"];
        assert_eq!(params["taskId"], task);
        assert_eq!(params["result"]["content"][0]["uri"], "odd://jobs://1");
        let told: Vec<Value> = client
            .received()
            .into_iter()
            .filter(|message| message.method() == Some(TOLD))
            .map(|message| message.value["params"]["status"].clone())
            .collect();
        assert_eq!(told, ["working", "completed"]);
        assert_eq!(stranger.count(TOLD), 0);
    }
}

#[tokio::test]
async fn whoever_listens_for_a_task_learns_that_its_child_is_gone() {
    let mut script = careless_script();
    script["tools"]
        .as_array_mut()
        .expect("tools")
        .push(tool("end"));
    script["calls"]["end"] = json!({ "steps": [{ "exit": 3 }] });
    let aggregator = composed(&Config::new().child("odd", scripted(script)), "odd_end").await;
    let client = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
    let made = client.call("odd_task", json!({})).await;
    let listening = client.listen(json!({ "taskIds": [id(&made)] })).await;
    let call = json!({ "name": "odd_end", "arguments": {} });
    let ended = client.try_request("tools/call", call).await;
    assert_eq!(ended.expect_err("the child ended")["code"], -32000);
    let over = listening.expect("a modern client listens").answer().await;
    assert_eq!(over.value["result"]["resultType"], "complete", "{over:?}");
}

#[tokio::test]
async fn a_task_comes_through_two_aggregators() {
    let inner = StdioCommand::new(&Config::new().child("inner", child()));
    let Target::Command(words) = inner.target() else {
        panic!("a command is a command");
    };
    let entry = json!({ "command": words[0], "args": words[1..] });
    let config = Config::new().child("outer", entry);
    let aggregator = composed(&config, "outer_inner_greet").await;
    let client = Raw::url(&aggregator.url, MODERN, takes_tasks()).await;
    let made = client.call("outer_inner_confirm_delete", json!({})).await;
    let asking = until(&client, id(&made), "input_required").await;
    let question = &asking["inputRequests"]["confirm"]["params"];
    assert_eq!(question["message"], "[outer] [inner] Delete a file?");

    let answer = json!({ "action": "decline" });
    let update = json!({ "taskId": id(&made), "inputResponses": { "confirm": answer } });
    client.request("tasks/update", update).await;
    let done = until(&client, id(&made), "completed").await;
    assert_eq!(text(&done["result"]), r#"{"action":"decline"}"#);
}
