//! Each program of the examples does what its first lines say, for clients of both eras, and is short.
//! (`todo` is in `todo.rs`, `reference` in `reference.rs`, `command` in `command_line.rs`; `hello`, `ask`, `connection` and `credentials` are run from
//! the command line, beside the examples.)

use mcp_compose_tests::aggregator::{Aggregator, example};
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::workspace;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw, accepted, get};
use serde_json::{Value, json};

const ERAS: [&str; 2] = [LEGACY, MODERN];

/// What an example may have of lines that are not blank.
const LINES: usize = 80;

async fn start(name: &str, version: &str) -> Raw {
    Raw::process(example(name), version).await
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

#[test]
fn each_is_short_and_says_how_it_is_run() {
    let folder = workspace().join("examples/src/bin");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the examples") {
        let path = entry.expect("an example").path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".rs") {
            continue;
        }
        count += 1;
        let source = std::fs::read_to_string(&path).expect("text");
        let program = name.trim_end_matches(".rs");
        let command = ["--bin", program].join(" ");
        let header: Vec<_> = source
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        assert!(
            header.iter().any(|line| line.contains(&command)),
            "{name} does not say how it is run"
        );
        let lines = source
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count();
        assert!(lines < LINES, "{name} has {lines} lines");
        let readme = std::fs::read_to_string(workspace().join("examples/README.md")).expect("text");
        assert!(
            readme.contains(&format!("`{program}`")),
            "examples/README.md does not name {program}"
        );
    }
    assert!(count > 10, "only {count} examples were found");
}

#[tokio::test]
async fn tools_give_structure_text_errors_and_images() {
    for era in ERAS {
        let client = start("tools", era).await;
        let tools = client.list("tools").await;
        assert_eq!(tools[0]["title"], "Convert degrees");
        assert_eq!(tools[0]["annotations"]["readOnlyHint"], true);
        let scale = &tools[0]["inputSchema"]["properties"]["scale"];
        assert_eq!(scale["enum"], json!(["Fahrenheit", "Kelvin"]));
        assert_eq!(
            tools[0]["outputSchema"]["properties"]["temperature"]["type"],
            "number"
        );

        let warm = client.call("convert", json!({ "celsius": 0 })).await;
        assert_eq!(warm["structuredContent"], json!({ "temperature": 273.15 }));
        let refused = client
            .call("divide", json!({ "dividend": 1, "divisor": 0 }))
            .await;
        assert_eq!(refused["isError"], true);
        assert_eq!(text(&refused), "1 / 0 is no number");
        assert_eq!(text(&client.call("parse", json!({})).await), "0");
        let refused = client.call("parse", json!({ "text": "one" })).await;
        assert_eq!(text(&refused), "invalid float literal");
        let dot = client.call("dot", json!({})).await;
        let kinds: Vec<_> = dot["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| &block["type"])
            .collect();
        assert_eq!(kinds, ["text", "image", "resource_link"]);
    }
}

#[tokio::test]
async fn resources_are_read_and_their_changes_told() {
    let server = Aggregator::example("resources").await;
    for (era, grams) in [(LEGACY, 5), (MODERN, 10)] {
        let client = Raw::url(&server.url, era, json!({})).await;
        let uri = "shelf://jars/jam";
        if client.modern() {
            client
                .listen(json!({ "resourceSubscriptions": [uri] }))
                .await;
        } else {
            client
                .request("resources/subscribe", json!({ "uri": uri }))
                .await;
        }
        client
            .call("fill", json!({ "label": "jam", "grams": 5 }))
            .await;
        client
            .notification("notifications/resources/updated", |params| {
                params["uri"] == uri
            })
            .await;

        let read = async |uri: &str| {
            let result = client
                .request("resources/read", json!({ "uri": uri }))
                .await;
            result["contents"][0].clone()
        };
        assert_eq!(read("shelf://labels").await["text"], "jam");
        let jar = read(uri).await;
        assert_eq!(jar["mimeType"], "application/json");
        let jar: Value = serde_json::from_str(jar["text"].as_str().unwrap()).expect("JSON");
        assert_eq!(jar, json!({ "label": "jam", "grams": grams }));
        assert_eq!(
            read("shelf://pictures/jam").await["blob"],
            "UDEgMiAxIDEgMA=="
        );
        assert_eq!(
            client.names("templates").await,
            ["shelf://jars/{label}", "shelf://pictures/{label}"]
        );
        let missing = json!({ "uri": "shelf://jars/tar" });
        let refused = client
            .try_request("resources/read", missing)
            .await
            .unwrap_err();
        assert_eq!(refused["message"], "no jar of tar");
    }
}

#[tokio::test]
async fn prompts_are_filled_in_and_completed() {
    for era in ERAS {
        let client = start("prompts", era).await;
        assert_eq!(client.names("prompts").await, ["explain", "review"]);
        let given = json!({ "language": "Rust", "code": "fn f() {}", "findings": "2" });
        let get = async |arguments: Value| {
            let params = json!({ "name": "review", "arguments": arguments });
            client.try_request("prompts/get", params).await
        };
        let review = get(given).await.expect("the prompt");
        let messages = &review["messages"];
        assert_eq!(
            messages[0]["content"]["text"],
            "Find at most 2 faults in this Rust:"
        );
        assert_eq!(messages[1]["content"]["resource"]["text"], "fn f() {}");
        assert_eq!(messages[2]["role"], "assistant");
        let refused = get(json!({ "language": "Latin", "code": "" })).await;
        assert_eq!(refused.unwrap_err()["message"], "nobody here reads Latin");

        let params = json!({
            "ref": { "type": "ref/prompt", "name": "review" },
            "argument": { "name": "language", "value": "p" },
        });
        let completed = client.request("completion/complete", params).await;
        assert_eq!(completed["completion"]["values"], json!(["Python", "Perl"]));
    }
}

#[tokio::test]
async fn progress_is_told_in_order_and_a_call_that_nobody_waits_for_stops() {
    const PROGRESS: &str = "notifications/progress";
    for era in ERAS {
        let client = start("progress", era).await;
        let simmer = |minutes: u32| {
            let meta = json!({ "progressToken": minutes });
            json!({ "name": "simmer", "arguments": { "minutes": minutes }, "_meta": meta })
        };
        let done = client.request("tools/call", simmer(3)).await;
        assert_eq!(text(&done), "simmered for 3 minutes");
        let told = client.received();
        let told = told
            .iter()
            .filter(|message| message.method() == Some(PROGRESS));
        let told: Vec<_> = told
            .map(|message| message.value["params"]["message"].clone())
            .collect();
        assert_eq!(told, ["minute 1", "minute 2", "minute 3"]);

        let endless = client.start("tools/call", simmer(1_000_000)).await;
        client
            .notification(PROGRESS, |params| params["progressToken"] == 1_000_000)
            .await;
        client.cancel(&endless).await;
        let mut again = tokio::time::interval(std::time::Duration::from_millis(20));
        patiently("the call to stop", async {
            while text(&client.call("burnt", json!({})).await) != "1" {
                again.tick().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn router_serves_beside_other_routes() {
    let server = Aggregator::example("router").await;
    let health = server.url.replace("/mcp", "/health");
    assert_eq!(get(&health).await, "well");
    for era in ERAS {
        let client = Raw::url(&server.url, era, json!({})).await;
        let now: u64 = text(&client.call("now", json!({})).await)
            .parse()
            .expect("a number");
        assert!(now > 1_700_000_000, "{now}");
    }
}

#[tokio::test]
async fn config_has_the_children_of_the_file_and_its_own_tool() {
    for era in ERAS {
        let client = start("config", era).await;
        client.listed("todo_add").await;
        client.listed("kitchen_cook").await;
        let names = client.names("tools").await;
        assert_eq!(
            names,
            ["source", "todo_add", "kitchen_cook", "kitchen_burnt"]
        );
        let added = client.call("todo_add", json!({ "title": "read" })).await;
        assert_eq!(
            added["structuredContent"],
            json!({ "title": "read", "priority": 0 })
        );
        assert_eq!(
            text(&client.call("kitchen_cook", json!({ "minutes": 0 })).await),
            "simmered for 0 minutes"
        );
    }
}

#[tokio::test]
async fn testing_is_a_server_like_others() {
    for era in ERAS {
        let client = start("testing", era).await;
        assert_eq!(
            text(&client.call("dim", json!({ "percent": 10 })).await),
            "at 10 %"
        );
    }
}

#[tokio::test]
async fn reports_calls_children_and_hands_on_what_they_ask() {
    for era in ERAS {
        let able = json!({ "elicitation": { "form": {} } });
        let client = Raw::process_with(example("reports"), era, able).await;
        assert_eq!(
            client.names("tools").await,
            ["report", "sales_query", "rates_rate"]
        );
        let may = json!({ "month": "May", "currency": "USD" });
        let asking = client.ask("report", may.clone()).await.asking();
        let question = asking.question().text().to_owned();
        assert!(
            question.ends_with("Why do you ask about May?"),
            "{question}"
        );
        let report = asking.answer(accepted(json!({ "why": "taxes" }))).await;
        let report = report.result();
        assert_eq!(
            report["structuredContent"],
            json!({ "month": "May", "total": 75.0 })
        );

        let declined = client.ask("report", may).await.asking();
        let declined = declined
            .answer(json!({ "action": "decline" }))
            .await
            .result();
        assert_eq!(declined["isError"], true);
        assert!(text(&declined).contains("sales are secret"), "{declined}");
    }
}

#[tokio::test]
async fn rmcp_child_is_listed_and_called_like_others() {
    for era in ERAS {
        let client = start("rmcp_child", era).await;
        client.listed("greeter_greet").await;
        assert_eq!(
            text(&client.call("greeter_greet", json!({})).await),
            "hello"
        );
        assert_eq!(
            text(&client.call("greet_twice", json!({})).await),
            "hello, hello"
        );
    }
}

#[tokio::test]
async fn extractors_are_taken_from_the_request_and_the_client() {
    let server = Aggregator::example("extractors").await;
    for (era, visits) in [(LEGACY, 1), (MODERN, 2)] {
        let headers = [
            ("x-user", "Ada"),
            ("accept-language", "de-CH"),
            ("x-city", "Oslo"),
        ];
        let client = Raw::with_headers(&server.url, era, json!({}), &headers).await;
        let tools = client.list("tools").await;
        let arguments: Vec<_> = tools[0]["inputSchema"]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(arguments, ["polite"]);
        let greeting = client.call("greet", json!({ "polite": true })).await;
        assert_eq!(text(&greeting), "Guten Tag, dear Ada");
        let visit = client.call("visit", json!({})).await;
        assert_eq!(text(&visit), format!("{visits}: raw from Oslo"));

        let foreign = [("accept-language", "fr")];
        let client = Raw::with_headers(&server.url, era, json!({}), &foreign).await;
        let refused = client.call("greet", json!({ "polite": true })).await;
        assert_eq!(text(&refused), "nobody here speaks fr");
    }
}

#[tokio::test]
async fn parts_are_one_server() {
    for era in ERAS {
        let client = start("parts", era).await;
        assert_eq!(client.names("tools").await, ["sell", "deliver"]);
        assert_eq!(client.names("resources").await, ["shop://lamps"]);
        assert_eq!(client.names("prompts").await, ["choose"]);
        assert_eq!(
            text(&client.call("deliver", json!({ "lamps": 2 })).await),
            "2"
        );
        assert_eq!(text(&client.call("sell", json!({})).await), "1 left");
        let lamps = client
            .request("resources/read", json!({ "uri": "shop://lamps" }))
            .await;
        assert_eq!(lamps["contents"][0]["text"], "1");
    }
}
