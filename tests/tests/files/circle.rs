//! Compositions that are among their own children.

use std::path::Path;
use std::time::Duration;

use mcp_compose_tests::aggregator::{Aggregator, aggregator};
use mcp_compose_tests::patiently;
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::system::processes_with;
use serde_json::json;

use crate::reload::{composition, folder};

const REFUSED: &str = "it is this composition itself, or has it among its children";

/// The composition of a folder, over HTTP.
async fn served(folder: &Path) -> Aggregator {
    let mut server = command(aggregator());
    server
        .args(["serve", "--http", "127.0.0.1:0"])
        .current_dir(folder);
    Aggregator::start(&mut server, None).await
}

/// With a child at a URL.
fn with(children: &[&str], name: &str, server: &Aggregator) -> String {
    let url = &server.url;
    format!(
        "{}[children.{name}]\nurl = \"{url}\"\n",
        composition(children)
    )
}

fn write(folder: &Path, file: &str, text: &str) {
    std::fs::write(folder.join(file), text).expect("written");
}

async fn refused(server: &Aggregator) -> String {
    let stderr = server.process.stderr();
    patiently("the refusal", stderr.find(|line| line.contains(REFUSED))).await
}

/// It would list what it lists itself under one more prefix, and announce that to itself, without end.
#[tokio::test]
async fn d10_a_composition_that_is_its_own_child_over_http_is_left_alone() {
    let folder = folder();
    let server = served(folder.path()).await;
    for version in [LEGACY, MODERN] {
        Raw::http(&server, version).await.listed("a_one").await;
    }
    write(
        folder.path(),
        "compose.toml",
        &with(&["a", "b"], "me", &server),
    );
    let line = refused(&server).await;
    assert!(line.contains("me"), "{line}");
    assert!(line.contains("take one of them out of the other"), "{line}");

    write(folder.path(), "b.txt", "one\ntwo\n");
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&server, version).await;
        client.listed("b_two").await;
        assert_eq!(client.names("tools").await, ["a_one", "b_one", "b_two"]);
    }
}

/// Whoever closes the circle is told, and the rest works.
#[tokio::test]
async fn d10_a_composition_that_is_a_child_of_its_child_leaves_that_alone() {
    let (one, two) = (folder(), folder());
    let first = served(one.path()).await;
    write(two.path(), "compose.toml", &with(&["b"], "first", &first));
    let second = served(two.path()).await;
    let client = Raw::http(&second, LEGACY).await;
    client.listed("first_a_one").await;

    write(
        one.path(),
        "compose.toml",
        &with(&["a", "c"], "second", &second),
    );
    refused(&first).await;
    client.listed("first_c_one").await;
    let expected = ["b_one", "first_a_one", "first_c_one"];
    assert_eq!(client.names("tools").await, expected);
    let client = Raw::http(&first, LEGACY).await;
    client.listed("c_one").await;
    assert_eq!(client.names("tools").await, ["a_one", "c_one"]);
    assert!(
        second
            .process
            .stderr()
            .all()
            .iter()
            .all(|line| !line.contains(REFUSED))
    );

    // When it is mended, it is as any other.
    write(two.path(), "compose.toml", &composition(&["b"]));
    Raw::http(&second, LEGACY).await.listed("b_one").await;
    write(one.path(), "compose.toml", &with(&["a"], "other", &second));
    client.listed("other_b_one").await;
}

/// Each is taken in by the other before either can know; what each lists afterwards tells.
#[tokio::test]
async fn d10_two_compositions_that_take_each_other_in_at_once_do_not_grow() {
    let (one, two) = (folder(), folder());
    let (first, second) = (served(one.path()).await, served(two.path()).await);
    write(one.path(), "compose.toml", &with(&["a"], "second", &second));
    write(two.path(), "compose.toml", &with(&["b"], "first", &first));
    tokio::select! {
        _ = refused(&first) => {}
        _ = refused(&second) => {}
    }
    for (server, own, other) in [
        (&first, "a_one", "second_b_one"),
        (&second, "b_one", "first_a_one"),
    ] {
        let client = Raw::http(server, MODERN).await;
        patiently("lists without circles", async {
            loop {
                let names = client.names("tools").await;
                if names.iter().any(|name| name == own)
                    && names.iter().all(|name| name == own || name == other)
                {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await;
    }
}

/// Nine processes are the composition and the eight that start one another; then the chain ends, and with the first of
/// them all.
#[tokio::test]
async fn d10_a_file_that_has_itself_among_its_children_does_not_start_itself_without_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("mcp.json");
    let own = file.to_str().expect("text");
    let itself = json!({ "command": aggregator(), "args": ["serve", "--stdio", "--config", own] });
    let config = json!({ "mcpServers": { "itself": itself } });
    std::fs::write(&file, config.to_string()).expect("written");
    let mut server = command(aggregator());
    server.args(["serve", "--stdio", "--config", own]);
    let client = Raw::process(Process::start(&mut server), LEGACY).await;
    assert_eq!(client.names("tools").await, Vec::<String>::new());
    assert_eq!(processes_with(own).len(), 9);
    client.close().await;
    patiently("all to end", async {
        while !processes_with(own).is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;

    let mut one = command(aggregator());
    one.args(["list", "--config", own])
        .env("MCP_COMPOSE_CHILD", "00ff:1:8");
    let listed = one.output().await.expect("it runs");
    let told = String::from_utf8_lossy(&listed.stderr);
    let why = "this composition runs within 8 others, each started by the one before";
    assert!(told.contains(why), "{told}");
    assert!(told.contains("take it out of its own children"), "{told}");
}
