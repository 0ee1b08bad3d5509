//! Names: namespaces, ambiguity, duplicates, and names that clients cannot use.

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, says, scripted, text, tool};
use serde_json::json;

use super::{VERSIONS, one};

#[tokio::test]
async fn a02_a_resource_reads_under_every_namespace() {
    for namespace in ["weather", "secure_db", "a1", "x-y"] {
        let scheme = namespace.replace('_', "-");
        let script = json!({
            "resources": [{ "uri": "app://settings", "name": "settings" }],
            "reads": { "app://settings": { "answer": { "result": { "contents": [
                { "uri": "app://settings", "text": "on" },
            ] } } } },
        });
        let aggregator = Aggregator::http(&Config::new().child(namespace, scripted(script))).await;
        for version in VERSIONS {
            let client = Raw::http(&aggregator, version).await;
            let uri = format!("{scheme}://app://settings");
            assert_eq!(client.names("resources").await, [uri.as_str()]);
            for asked in [
                uri.clone(),
                format!("{namespace}://app://settings"),
                format!("{scheme}://app//settings"),
            ] {
                let read = client
                    .request("resources/read", json!({ "uri": asked }))
                    .await;
                assert_eq!(read["contents"][0]["text"], "on", "{asked}");
            }
        }
    }
}

#[tokio::test]
async fn a03_a_namespace_that_cannot_be_is_reported() {
    for bad in [
        "My Server",
        "UPPER",
        "1st",
        "sp ace",
        "ünder",
        "_leading",
        "a/b",
    ] {
        let config = Config::new()
            .child(bad, scripted(basic(json!({}))))
            .child("good", scripted(basic(json!({}))));
        let aggregator = Aggregator::http(&config).await;
        let client = Raw::http(&aggregator, LEGACY).await;
        let names = client.names("tools").await;
        assert!(names.contains(&"good_echo".to_owned()), "{bad}: {names:?}");
        let echoes: Vec<_> = names
            .iter()
            .filter(|name| name.ends_with("_echo"))
            .collect();
        assert_eq!(echoes.len(), 2, "{bad}: {names:?}");
        for name in names {
            let portable = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            assert!(portable, "{bad} gave {name}");
        }
        let said = aggregator.process.stderr().all().join("\n");
        assert!(said.contains(bad), "{bad} is not reported: {said}");
    }
}

#[tokio::test]
async fn a04_an_ambiguous_prefix_never_reaches_the_wrong_child() {
    let child = |name: &str, answer: &str| {
        let script = json!({ "tools": [tool(name)], "calls": { name: says(answer) } });
        scripted(script)
    };
    let mut seen = Vec::new();
    for _ in 0..2 {
        let config = Config::new()
            .child("db", child("main_x", "from db"))
            .child("db_main", child("x", "from db_main"));
        let aggregator = Aggregator::http(&config).await;
        let client = Raw::http(&aggregator, LEGACY).await;
        let names = client.names("tools").await;
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(names[0], "db_main_x");
        assert_ne!(names[1], "db_main_x");
        assert_eq!(text(&client.call(&names[0], json!({})).await), "from db");
        assert_eq!(
            text(&client.call(&names[1], json!({})).await),
            "from db_main"
        );
        seen.push(names);
    }
    assert_eq!(seen[0], seen[1], "the same names after a restart");
}

#[tokio::test]
async fn a06_the_first_of_two_tools_of_one_name_wins() {
    let first =
        json!({ "name": "twin", "description": "the first", "inputSchema": { "type": "object" } });
    let second =
        json!({ "name": "twin", "description": "the second", "inputSchema": { "type": "object" } });
    let aggregator = one(scripted(json!({ "tools": [first, tool("other"), second] }))).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        let tools = client.list("tools").await;
        let names: Vec<_> = tools
            .iter()
            .map(|tool| tool["name"].as_str().expect("a name"))
            .collect();
        assert_eq!(names, ["ns_twin", "ns_other"]);
        assert_eq!(tools[0]["description"], "the first");
    }
    let reports = aggregator.process.stderr().all();
    let reports: Vec<_> = reports
        .iter()
        .filter(|line| line.contains("twin"))
        .collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
}

#[tokio::test]
async fn a47_names_that_clients_cannot_use_are_callable() {
    let long = "long_".repeat(30);
    let almost = "b".repeat(64);
    let odd = [
        "with/slash",
        "with space",
        "ünïcode",
        "日本語",
        "dots.are.fine",
        almost.as_str(),
        long.as_str(),
    ];
    let script = json!({
        "tools": odd.map(tool),
        "calls": odd.iter().map(|name| ((*name).to_owned(), says(name))).collect::<serde_json::Map<_, _>>(),
    });
    let mut seen = Vec::new();
    for _ in 0..2 {
        let aggregator = one(scripted(&script)).await;
        let client = Raw::http(&aggregator, LEGACY).await;
        let names = client.names("tools").await;
        assert_eq!(names.len(), odd.len(), "{names:?}");
        for (name, original) in names.iter().zip(odd) {
            assert_eq!(
                text(&client.call(name, json!({})).await),
                original,
                "{name}"
            );
        }
        let modern = Raw::http(&aggregator, MODERN).await;
        assert_eq!(text(&modern.call(&names[3], json!({})).await), odd[3]);
        seen.push(names);
    }
    assert_eq!(seen[0], seen[1], "the same names after a restart");
    for name in &seen[0] {
        let portable = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        assert!(portable && name.len() <= 64, "{name} is not portable");
    }
}
