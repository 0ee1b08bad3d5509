//! The reference composition, used by third-party clients: TypeScript, Python and HTTP children behind one server.

use mcp_compose_tests::aggregator::{
    Aggregator, Config, StdioCommand, database, example_over_stdio, manufact, modern_database,
    weather,
};
use mcp_compose_tests::clients::{Client, Scene, Target, inspector};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use serde_json::json;

const CLIENTS: [Client; 5] = [
    Client::PythonLegacy,
    Client::PythonModern,
    Client::Ts1,
    Client::Ts2Legacy,
    Client::Ts2Modern,
];

fn everything() -> Scene {
    Scene {
        children: vec!["database", "weather", "manufact"],
        exposed: true,
    }
}

async fn over_http(client: Client) {
    let (_manufact, url) = manufact().await;
    let aggregator = Aggregator::http(&Config::reference(&url)).await;
    let checks = client.check(&aggregator.target(), &everything()).await;
    assert!(checks.len() >= 16, "only {} checks were made", checks.len());
}

async fn over_stdio(client: Client) {
    let (_manufact, url) = manufact().await;
    let command = StdioCommand::new(&Config::reference(&url));
    let checks = client.check(&command.target(), &everything()).await;
    assert!(checks.len() >= 16, "only {} checks were made", checks.len());
}

macro_rules! each_client {
    ($($http:ident $stdio:ident $client:ident;)*) => {$(
        #[tokio::test]
        async fn $http() {
            over_http(Client::$client).await;
        }

        #[tokio::test]
        async fn $stdio() {
            over_stdio(Client::$client).await;
        }
    )*};
}

each_client! {
    python_legacy_over_http python_legacy_over_stdio PythonLegacy;
    python_modern_over_http python_modern_over_stdio PythonModern;
    typescript_1_over_http typescript_1_over_stdio Ts1;
    typescript_2_legacy_over_http typescript_2_legacy_over_stdio Ts2Legacy;
    typescript_2_modern_over_http typescript_2_modern_over_stdio Ts2Modern;
}

/// A01: the example as people run it, with a tool of its own beside the three kinds of children.
#[tokio::test]
async fn a01_the_reference_example_over_http() {
    let example = Aggregator::example("reference").await;
    for client in [Client::Ts2Modern, Client::PythonLegacy] {
        let checks = client.check(&example.target(), &with_local()).await;
        assert!(
            checks.iter().any(|check| check.check == "call_local"),
            "{checks:?}"
        );
    }
}

#[tokio::test]
async fn a01_the_reference_example_over_stdio() {
    let example = example_over_stdio("reference");
    for client in [Client::Ts1, Client::PythonModern] {
        client.check(&example, &with_local()).await;
    }
}

fn with_local() -> Scene {
    Scene {
        children: vec!["database", "weather", "manufact", "local"],
        exposed: true,
    }
}

#[tokio::test]
async fn every_client_with_a_modern_database_over_http() {
    let aggregator = Aggregator::http(&Config::new().child("database", modern_database())).await;
    let scene = Scene {
        children: vec!["database"],
        exposed: true,
    };
    for client in CLIENTS {
        client.check(&aggregator.target(), &scene).await;
    }
}

#[tokio::test]
async fn every_client_with_a_modern_database_over_stdio() {
    let command = StdioCommand::new(&Config::new().child("database", modern_database()));
    let scene = Scene {
        children: vec!["database"],
        exposed: true,
    };
    for client in CLIENTS {
        client.check(&command.target(), &scene).await;
    }
}

async fn the_inspector_works(target: &Target) {
    let tools = inspector(target, &["--method", "tools/list"]).await;
    let names: Vec<_> = tools["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .map(|tool| tool["name"].clone())
        .collect();
    for name in ["database_query", "weather_forecast", "manufact_order"] {
        assert!(
            names.contains(&json!(name)),
            "{name} is not among {names:?}"
        );
    }
    let called = [
        "--method",
        "tools/call",
        "--tool-name",
        "database_query",
        "--tool-arg",
        "sql=select",
    ];
    let result = inspector(target, &called).await;
    assert_eq!(result["structuredContent"]["rows"][0]["text"], "bolts");

    let read = inspector(
        target,
        &[
            "--method",
            "resources/read",
            "--uri",
            "weather://app://settings",
        ],
    )
    .await;
    assert_eq!(read["contents"][0]["text"], r#"{"unit": "celsius"}"#);
    let read = inspector(
        target,
        &[
            "--method",
            "resources/read",
            "--uri",
            "weather://weather://lima/current",
        ],
    )
    .await;
    assert_eq!(
        read["contents"][0]["text"],
        r#"{"city": "lima", "temperature": 19}"#
    );

    let got = [
        "--method",
        "prompts/get",
        "--prompt-name",
        "weather_report",
        "--prompt-args",
        "city=oslo",
    ];
    let prompt = inspector(target, &got).await;
    assert_eq!(
        prompt["messages"][0]["content"]["text"],
        "Write a short weather report for oslo."
    );
    for (method, key) in [
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ] {
        let list = inspector(target, &["--method", method]).await;
        assert!(
            list[key]
                .as_array()
                .is_some_and(|entries| entries.len() >= 2),
            "{method}: {list}"
        );
    }
}

#[tokio::test]
async fn inspector_over_http() {
    let (_manufact, url) = manufact().await;
    let aggregator = Aggregator::http(&Config::reference(&url)).await;
    Raw::http(&aggregator, LEGACY)
        .await
        .listed("weather_forecast")
        .await;
    the_inspector_works(&aggregator.target()).await;
}

#[tokio::test]
async fn inspector_over_stdio() {
    let (_manufact, url) = manufact().await;
    let command = StdioCommand::new(&Config::reference(&url));
    the_inspector_works(&command.target()).await;
}

#[tokio::test]
async fn a_namespace_with_an_underscore_reads_in_every_spelling() {
    let config = Config::new()
        .child("secure_db", weather())
        .child("database", database());
    let aggregator = Aggregator::http(&config).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        client.listed("secure_db_forecast").await;
        let uris = client.names("resources").await;
        assert!(
            uris.contains(&"secure-db://app://settings".to_owned()),
            "{uris:?}"
        );
        for uri in [
            "secure-db://app://settings",
            "secure_db://app://settings",
            "secure-db://app//settings",
        ] {
            let read = client
                .request("resources/read", json!({ "uri": uri }))
                .await;
            assert_eq!(
                read["contents"][0]["text"], r#"{"unit": "celsius"}"#,
                "{uri}"
            );
        }
        let instance = "secure-db://weather://oslo/current";
        let read = client
            .request("resources/read", json!({ "uri": instance }))
            .await;
        assert_eq!(read["contents"][0]["uri"], instance);
    }
}
