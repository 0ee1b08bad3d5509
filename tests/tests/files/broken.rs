//! Files that are wrong, or must not be watched.

use mcp_compose_tests::aggregator::aggregator;
use mcp_compose_tests::patiently;
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::raw::{LEGACY, Raw};
use mcp_compose_tests::scripted::text;
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
