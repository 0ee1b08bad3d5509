//! Files that are wrong, or must not be watched.

use mcp_compose_tests::aggregator::aggregator;
use mcp_compose_tests::patiently;
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{LEGACY, Raw};
use mcp_compose_tests::scripted::text;
use mcp_compose_tests::system::processes_with;
use serde_json::json;
use tempfile::TempDir;

use crate::reload::{composition, folder};

async fn serve(folder: &TempDir, more: &[&str]) -> Raw {
    let mut server = command(aggregator());
    server
        .args(["serve", "--stdio"])
        .args(more)
        .current_dir(folder.path());
    Raw::process(Process::start(&mut server), LEGACY).await
}

async fn told(client: &mut Raw, what: &str) {
    let stderr = client.server().stderr().clone();
    let told = stderr.find(|line| line.contains(what));
    patiently(what, told).await;
}

#[tokio::test]
async fn a_broken_file_keeps_what_runs_and_says_where() {
    let folder = folder();
    let mut client = serve(&folder, &[]).await;
    told(&mut client, "mcp-compose: taking compose.toml").await;
    client.listed("b_one").await;
    client.listed("a_one").await;
    let before = client.call("a_one", json!({})).await;
    let file = folder.path().join("compose.toml");
    let good = composition(&["a", "c"]);

    let lines = good.lines().count();
    std::fs::write(&file, format!("{good}watchh = []\n")).expect("written");
    told(
        &mut client,
        &format!(
            "{}:1: children.c.watchh: unknown key; did you mean `watch`?",
            lines + 1
        ),
    )
    .await;
    std::fs::write(&file, format!("{good}\n[children.a]\n")).expect("written");
    told(&mut client, "compose.toml is not TOML: line").await;
    std::fs::write(
        &file,
        format!("name = \"other\"\n[children.d]\nurl = \"nowhere\"\n{good}"),
    )
    .expect("written");
    told(&mut client, "`nowhere`").await;
    let names = client.names("tools").await;
    assert_eq!(names, ["a_one", "b_one"]);

    std::fs::write(&file, format!("name = \"other\"\n{good}")).expect("written");
    told(&mut client, "of what changed, only children are taken over").await;
    client.listed("c_one").await;
    assert_eq!(client.names("tools").await, ["a_one", "c_one"]);
    let after = client.call("a_one", json!({})).await;
    assert_eq!(text(&before), text(&after), "it was not restarted");
    client.close().await;
}

#[tokio::test]
async fn a_child_that_could_not_start_is_started_when_its_file_is_mended() {
    let folder = folder();
    let tools = folder.path().join("a.txt");
    std::fs::remove_file(&tools).expect("removed");
    let mut client = serve(&folder, &[]).await;
    client.listed("b_one").await;
    told(&mut client, "did not start").await;
    std::fs::write(&tools, "mended\n").expect("written");
    client.listed("a_mended").await;
    client.close().await;
}

#[tokio::test]
async fn nothing_is_watched_where_that_is_not_wanted() {
    let folder = folder();
    let client = serve(&folder, &["--no-watch"]).await;
    client.listed("a_one").await;
    client.listed("b_one").await;
    let before = client.call("a_one", json!({})).await;
    // Another one that watches sees these changes: they have been there for as long as it takes.
    let mut witness = serve(&folder, &[]).await;
    witness.listed("b_one").await;
    witness.listed("a_one").await;
    std::fs::write(folder.path().join("a.txt"), "two\n").expect("written");
    witness.listed("a_two").await;
    std::fs::write(folder.path().join("compose.toml"), composition(&["a"])).expect("written");
    told(&mut witness, "ended [\"b\"]").await;
    let after = client.call("a_one", json!({})).await;
    assert_eq!(text(&before), text(&after));
    assert_eq!(client.names("tools").await, ["a_one", "b_one"]);
    witness.close().await;
    client.close().await;
}

/// Nine processes are the composition and the eight that start one another; then the chain ends, and with the first of
/// them all.
#[tokio::test]
async fn a_file_that_has_itself_among_its_children_does_not_start_itself_without_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("mcp.json");
    let own = file.to_str().expect("text");
    let itself = json!({ "command": aggregator(), "args": ["serve", "--stdio", "--config", own] });
    let config = json!({ "mcpServers": { "itself": itself } });
    std::fs::write(&file, config.to_string()).expect("written");
    let client = serve(&folder, &["--config", own]).await;
    assert_eq!(client.names("tools").await, Vec::<String>::new());
    assert_eq!(processes_with(own).len(), 9);
    client.close().await;
    patiently("all to end", async {
        while !processes_with(own).is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
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
