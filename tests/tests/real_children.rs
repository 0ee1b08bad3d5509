//! Servers that others wrote, and extreme ones, as children.

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::peers::{node, peer};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

const MEGABYTE: usize = 1 << 20;

fn server(package: &str, arguments: &[&str]) -> Value {
    let script = peer(&format!(
        "node_modules/@modelcontextprotocol/{package}/dist/index.js"
    ));
    let words =
        std::iter::once(script.to_str().expect("a UTF-8 path")).chain(arguments.iter().copied());
    json!({ "command": node(), "args": words.collect::<Vec<_>>() })
}

#[tokio::test]
async fn everything_filesystem_and_memory_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().canonicalize().expect("the folder exists");
    let root = root.to_str().expect("a UTF-8 path");
    let mut memory = server("server-memory", &[]);
    memory["env"] = json!({ "MEMORY_FILE_PATH": format!("{root}/memory.jsonl") });
    let config = Config::new()
        .child("everything", server("server-everything", &["stdio"]))
        .child("files", server("server-filesystem", &[root]))
        .child("memory", memory);
    let aggregator = Aggregator::http(&config).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        for tool in ["everything_echo", "files_write_file", "memory_read_graph"] {
            client.listed(tool).await;
        }
        let names = client.names("tools").await;
        for prefix in ["everything_", "files_", "memory_"] {
            assert!(
                names.iter().filter(|name| name.starts_with(prefix)).count() > 5,
                "{prefix} in {names:?}"
            );
        }
        let echoed = client
            .call("everything_echo", json!({ "message": "hi" }))
            .await;
        assert_eq!(text(&echoed), "Echo: hi");

        let path = format!("{root}/note-{version}.txt");
        client
            .call(
                "files_write_file",
                json!({ "path": path, "content": "written through" }),
            )
            .await;
        let read = client
            .call("files_read_text_file", json!({ "path": path }))
            .await;
        assert_eq!(text(&read), "written through");

        let entity = json!({ "name": version, "entityType": "era", "observations": ["seen"] });
        client
            .call("memory_create_entities", json!({ "entities": [entity] }))
            .await;
        let graph = client.call("memory_read_graph", json!({})).await;
        assert!(text(&graph).contains(version), "{graph}");

        assert!(
            client
                .names("prompts")
                .await
                .iter()
                .any(|name| name.starts_with("everything_"))
        );
        let resources = client.names("resources").await;
        let uri = resources
            .iter()
            .find(|uri| uri.starts_with("everything://"))
            .expect("a resource of everything");
        let read = client
            .request("resources/read", json!({ "uri": uri }))
            .await;
        assert_eq!(read["contents"][0]["uri"], json!(uri));
    }
}

#[tokio::test]
async fn a_thousand_tools_are_listed_and_called() {
    let script = json!({ "generated_tools": 1000, "page": 100 });
    let aggregator = Aggregator::http(&Config::new().child("big", scripted(script))).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        let names = client.names("tools").await;
        assert_eq!(names.len(), 1000);
        assert_eq!(names[0], "big_tool_0000");
        assert_eq!(names[999], "big_tool_0999");
        for number in [0, 499, 999] {
            let answer = client
                .call(&names[number], json!({ "query": number.to_string() }))
                .await;
            assert_eq!(text(&answer), format!(r#"{{"query":"{number}"}}"#));
        }
    }
}

#[tokio::test]
async fn a_result_of_ten_megabytes_passes() {
    let script = basic(json!({
        "tools": [tool("big")],
        "calls": { "big": { "answer": { "size": 10 * MEGABYTE } } },
    }));
    let config = Config::new().child("child", scripted(script));
    let aggregator = Aggregator::http(&config).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        assert_eq!(
            text(&client.call("child_big", json!({})).await).len(),
            10 * MEGABYTE
        );
    }
    let client = Raw::stdio(&StdioCommand::new(&config), LEGACY).await;
    assert_eq!(
        text(&client.call("child_big", json!({})).await).len(),
        10 * MEGABYTE
    );
}

#[tokio::test]
async fn a_malformed_tool_hides_only_itself() {
    let script = basic(json!({ "tools": [
        tool("before"),
        { "name": "no_schema" },
        { "name": "bad_schema", "inputSchema": null },
        { "description": "no name", "inputSchema": { "type": "object" } },
        "not even an object",
        tool("after"),
    ] }));
    let aggregator = Aggregator::http(&Config::new().child("child", scripted(script))).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        let names = client.names("tools").await;
        assert_eq!(
            names,
            [
                "child_echo",
                "child_received",
                "child_process",
                "child_before",
                "child_after"
            ]
        );
        assert_eq!(
            text(&client.call("child_after", json!({ "a": 1 })).await),
            r#"{"a":1}"#
        );
    }
}
