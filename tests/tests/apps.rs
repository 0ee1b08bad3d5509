//! MCP Apps (`io.modelcontextprotocol/ui`) through the aggregator: interfaces of tools stay where clients look
//! for them, can be read listed or not, and their host's declaration reaches the child.

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::{node, peer};
use mcp_compose_tests::process::command;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted};
use serde_json::{Value, json};

const UI: &str = "io.modelcontextprotocol/ui";
const MIME: &str = "text/html;profile=mcp-app";
const ERAS: [(&str, &str); 2] = [("legacy", LEGACY), ("modern", MODERN)];
/// With percent-encoding, which stays as it is.
const VIEW: &str = "ui://views/fore%20cast.html?a=%2F";
const EXPOSED: &str = "ui://weather/views/fore%20cast.html?a=%2F";

fn meta(uri: &str) -> Value {
    json!({ "ui": { "resourceUri": uri, "visibility": ["model", "app"], "x": 1 }, "ui/resourceUri": uri, "own": true })
}

fn page_meta() -> Value {
    json!({ "ui": {
        "csp": { "connectDomains": ["https://api.example.com"] },
        "permissions": { "geolocation": {} },
        "domain": "d",
        "prefersBorder": true,
    } })
}

/// A child with a tool that has an interface, which it does not list, and one that only apps call.
fn weather(era: &str) -> Value {
    let page =
        json!({ "uri": VIEW, "mimeType": MIME, "text": "<!doctype html>", "_meta": page_meta() });
    scripted(basic(json!({
        "era": era,
        "capabilities": { "tools": {}, "resources": {}, "extensions": { UI: {} } },
        "tools": [
            { "name": "forecast", "inputSchema": { "type": "object" }, "_meta": meta(VIEW) },
            { "name": "refresh", "inputSchema": { "type": "object" },
              "_meta": { "ui": { "resourceUri": VIEW, "visibility": ["app"] } } },
        ],
        "resources": [{ "uri": "ui://views/other.html", "name": "other", "mimeType": MIME, "_meta": page_meta() }],
        "templates": [{ "uriTemplate": "ui://views/{name}.html", "name": "views", "mimeType": MIME }],
        "calls": { "forecast": { "answer": { "result": {
            "content": [
                { "type": "text", "text": VIEW },
                { "type": "resource_link", "uri": VIEW, "name": "view" },
                { "type": "resource", "resource": page },
            ],
            "structuredContent": { "uri": VIEW },
            "_meta": meta(VIEW),
        } } } },
        "reads": { VIEW: { "answer": { "result": { "contents": [page] } } } },
    })))
}

async fn aggregator(era: &str) -> Aggregator {
    let config = Config::new()
        .child("weather", weather(era))
        .setting("childEndpoints", json!(true))
        .setting(
            "profiles",
            json!({ "sky": ["weather_forecast", "weather_received"] }),
        );
    Aggregator::http(&config).await
}

fn host() -> Value {
    json!({ "extensions": { UI: { "mimeTypes": [MIME] } } })
}

fn tool<'l>(tools: &'l [Value], name: &str) -> &'l Value {
    let mut tools = tools.iter();
    tools.find(|tool| tool["name"] == name).expect(name)
}

#[tokio::test]
async fn interfaces_are_exposed_under_ui_and_read_listed_or_not() {
    for (era, _) in ERAS {
        let aggregator = aggregator(era).await;
        for (path, prefix, exposed) in [
            ("", "weather_", EXPOSED),
            ("/sky", "weather_", EXPOSED),
            ("/weather", "", VIEW),
        ] {
            for (_, version) in ERAS {
                let url = format!("{}{path}", aggregator.url);
                let host = Raw::url(&url, version, host()).await;
                assert_eq!(
                    host.welcome["capabilities"]["extensions"][UI],
                    json!({}),
                    "{path}"
                );
                let tools = host.list("tools").await;
                let forecast = format!("{prefix}forecast");
                assert_eq!(tool(&tools, &forecast)["_meta"], meta(exposed));

                let result = host.call(&forecast, json!({})).await;
                let content = &result["content"];
                assert_eq!(content[0]["text"], VIEW, "text is text");
                assert_eq!(content[1]["uri"], exposed);
                assert_eq!(content[2]["resource"]["uri"], exposed);
                assert_eq!(content[2]["resource"]["_meta"], page_meta());
                assert_eq!(result["structuredContent"], json!({ "uri": VIEW }));
                for (key, value) in meta(exposed).as_object().expect("an object") {
                    assert_eq!(&result["_meta"][key], value, "{path} {key}");
                }

                let read = host
                    .request("resources/read", json!({ "uri": exposed }))
                    .await;
                let page = json!({ "uri": exposed, "mimeType": MIME, "text": "<!doctype html>", "_meta": page_meta() });
                assert_eq!(read["contents"], json!([page]));
            }
        }
    }
}

#[tokio::test]
async fn listed_interfaces_keep_their_scheme_type_and_meta() {
    let aggregator = aggregator("legacy").await;
    let host = Raw::url(&aggregator.url, MODERN, host()).await;
    let resources = host.list("resources").await;
    assert_eq!(
        resources,
        [
            json!({ "uri": "ui://weather/views/other.html", "name": "other", "mimeType": MIME, "_meta": page_meta() })
        ]
    );
    let templates = host.list("templates").await;
    assert_eq!(
        templates[0]["uriTemplate"],
        "ui://weather/views/{name}.html"
    );
    let refresh = tool(&host.list("tools").await, "weather_refresh")["_meta"].clone();
    assert_eq!(
        refresh,
        json!({ "ui": { "resourceUri": EXPOSED, "visibility": ["app"] } })
    );
}

#[tokio::test]
async fn apps_call_their_own_names_where_the_child_stands_alone() {
    let aggregator = aggregator("legacy").await;
    let url = format!("{}/weather", aggregator.url);
    let app = Raw::url(&url, LEGACY, host()).await;
    app.call("refresh", json!({})).await;
    let whole = Raw::http(&aggregator, LEGACY).await;
    let bare = whole
        .try_request("tools/call", json!({ "name": "refresh" }))
        .await;
    bare.expect_err("a bare name among many");
}

/// The capabilities that the child was told for a call.
fn told(received: &Value) -> Vec<Value> {
    let messages = received["structuredContent"]["messages"].as_array();
    let messages = messages.expect("messages").iter();
    let hello = messages.filter_map(|message| {
        let params = &message["params"];
        match message["method"].as_str()? {
            "initialize" => Some(params["capabilities"].clone()),
            "tools/call" => {
                Some(params["_meta"]["io.modelcontextprotocol/clientCapabilities"].clone())
            }
            _ => None,
        }
    });
    hello.filter(|it| !it.is_null()).collect()
}

#[tokio::test]
async fn a_child_is_told_of_a_host_and_of_nobody_else() {
    // Over stdio there is one client, which every session is told of.
    for version in [LEGACY, MODERN] {
        for (era, _) in ERAS {
            for (declared, expected) in [(host(), true), (json!({}), false)] {
                let config = Config::new().child("weather", weather(era));
                let command = StdioCommand::new(&config);
                let client = Raw::process_with(command.start(), version, declared).await;
                let received = client.call("weather_received", json!({})).await;
                let told = told(&received);
                let last = told.last().expect("a declaration");
                let ui = &last["extensions"][UI]["mimeTypes"];
                assert_eq!(ui == &json!([MIME]), expected, "{version} {era}: {told:?}");
                client.close().await;
            }
        }
    }
}

#[tokio::test]
async fn a_host_over_http_shares_the_session_of_all() {
    let aggregator = aggregator("legacy").await;
    let host = Raw::url(&aggregator.url, LEGACY, host()).await;
    let other = Raw::http(&aggregator, LEGACY).await;
    let mut pids = Vec::new();
    for client in [&host, &other] {
        let process = client.call("weather_process", json!({})).await;
        pids.push(process["structuredContent"].clone());
    }
    assert_eq!(pids[0], pids[1]);
    let told = told(&host.call("weather_received", json!({})).await);
    assert_eq!(told.first(), Some(&json!({})));
}

#[tokio::test]
async fn nothing_is_said_of_interfaces_where_there_are_none() {
    let config = Config::new().child("plain", scripted(basic(json!({}))));
    let aggregator = Aggregator::http(&config).await;
    for (_, version) in ERAS {
        let client = Raw::url(&aggregator.url, version, host()).await;
        assert_eq!(client.welcome["capabilities"]["extensions"], Value::Null);
    }
}

/// What a host of the official packages sees and does, and the app that it hosts.
async fn hosted(url: &str, prefix: &str, era: &str) -> Value {
    let mut command = command(node());
    command.arg(peer("clients/apps.mjs"));
    command.args(["--url", url, "--prefix", prefix, "--era", era]);
    let output = patiently("a host", command.kill_on_drop(true).output()).await;
    let output = output.expect("the host can be started");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[tokio::test]
async fn a_host_and_an_app_of_the_official_packages_work() {
    let child = json!({ "command": node(), "args": [peer("children/apps.mjs")] });
    let config = Config::new()
        .child("weather", child)
        .setting("childEndpoints", json!(true));
    let aggregator = Aggregator::http(&config).await;
    let alone = format!("{}/weather", aggregator.url);
    for (era, _) in ERAS {
        for (url, prefix, view, called) in [
            (&alone, "", "ui://weather/view.html", "still sunny"),
            // The names of the whole are not the app's; hosts pass them on as they are.
            (
                &aggregator.url,
                "weather_",
                "ui://weather/weather/view.html",
                "unknown tool `refresh`",
            ),
        ] {
            let seen = hosted(url, prefix, era).await;
            let contents = json!([{
                "uri": view,
                "mimeType": MIME,
                "_meta": { "ui": { "prefersBorder": true } },
                "text": "<!doctype html>",
            }]);
            let expected = json!({
                "extensions": { UI: {} },
                "view": view,
                "app_only": true,
                "contents": contents,
                "called": called,
                "same": true,
            });
            assert_eq!(seen, expected, "{era} {url}");
        }
    }
}
