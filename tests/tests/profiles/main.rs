//! Profiles and children by themselves: what their clients see, and that nothing else exists for them.

mod changes;
mod command_line;
mod third_party;
mod views;

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, tool};
use serde_json::{Value, json};

const ERAS: [&str; 2] = [LEGACY, MODERN];

/// A child with some of everything, which says who it is and can get another tool.
fn child(word: &str) -> Value {
    scripted(basic(json!({
        "instructions": format!("About {word}."),
        "tools": [tool("search"), tool("delete"), tool("grow"), tool("link")],
        "prompts": [{ "name": "plan" }, { "name": "wipe" }],
        "resources": [
            { "uri": "page://one", "name": "one" },
            { "uri": "secret://one", "name": "secret" },
        ],
        "templates": [{ "uriTemplate": "page://{name}", "name": "page" }],
        "capabilities": {
            "tools": { "listChanged": true },
            "prompts": {},
            "resources": { "subscribe": true, "listChanged": true },
            "completions": {},
        },
        "calls": {
            "grow": { "steps": [{ "add": { "tools": [tool("search_late")] } }] },
            "link": { "answer": { "result": { "content": [
                { "type": "resource_link", "uri": "page://one", "name": "one" },
            ] } } },
        },
        "gets": { "plan": { "answer": { "result": { "messages": [] } } } },
        "reads": {
            "page://one": { "answer": { "result": { "contents": [{ "uri": "page://one", "text": word }] } } },
            "page://two": { "answer": { "result": { "contents": [{ "uri": "page://two", "text": word }] } } },
            "secret://one": { "answer": { "result": { "contents": [{ "uri": "secret://one", "text": "s" }] } } },
        },
        "completions": {
            "plan": { "answer": { "result": { "completion": { "values": [word] } } } },
        },
        "methods": {
            "resources/subscribe": { "answer": { "result": {} } },
            "resources/unsubscribe": { "answer": { "result": {} } },
        },
    })))
}

/// `docs` and `db`, and profiles over them.
fn config() -> Config {
    Config::new()
        .child("docs", child("docs"))
        .child("db", child("db"))
        .setting(
            "profiles",
            json!({
                "reading": ["docs_search*", "docs_link", "docs_plan", "docs://page://*", "db_search*"],
                "docs-only": { "children": ["docs"], "exclude": ["*_delete", "docs://secret:*"] },
                "db-only": { "children": ["db"] },
                "nothing": [],
            }),
        )
}

async fn aggregator() -> Aggregator {
    Aggregator::http(&config()).await
}

/// The endpoint of a profile, or of a child.
fn endpoint(aggregator: &Aggregator, name: &str) -> String {
    format!("{}/{name}", aggregator.url)
}

async fn client(aggregator: &Aggregator, name: &str, version: &str) -> Raw {
    Raw::url(&endpoint(aggregator, name), version, json!({})).await
}
