use std::io::Write;
use std::process::{Command, Stdio};

use mcp_compose::child::stdio;
use mcp_compose::{Composition, args};
use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::peers::{binary, python};
use mcp_compose_tests::raw::{LEGACY, Raw};
use mcp_compose_tests::scripted::{basic, scripted, tool};
use serde_json::json;

/// The metrics of a composition of two children, one of which cannot start, after some calls.
async fn metrics() -> String {
    let fails = json!({ "answer": { "result": { "content": [], "isError": true } } });
    let script =
        basic(json!({ "tools": [tool("fails")], "calls": { "echo": {}, "fails": fails } }));
    let leaf = stdio(binary("scripted_child")).args([script.to_string()]);
    let composition = Composition::builder().child("leaf", leaf);
    let composition = composition.child("missing", stdio("no-such-server"));
    let running = composition.build().start().expect("it is sound");
    let leaf = running.child("leaf").expect("it is declared");
    leaf.call("echo", args! {}).await.expect("it answers");
    let _ = leaf.call("fails", args! {}).await;
    let missing = running.child("missing").expect("it is declared");
    missing
        .call("any", args! {})
        .await
        .expect_err("it cannot start");
    let text = running.metrics();
    running.stop().await;
    text
}

/// Runs a checker on the text, and gives what it says.
fn checked(command: &mut Command, text: &str) -> String {
    let mut checker = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the checker can be started");
    let mut stdin = checker.stdin.take().expect("it is piped");
    stdin.write_all(text.as_bytes()).expect("it reads");
    drop(stdin);
    let output = checker.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{text}");
    said + &String::from_utf8_lossy(&output.stdout)
}

#[tokio::test]
async fn the_text_is_what_prometheus_reads() {
    let text = metrics().await;
    let leaf = r#"{child="leaf",method="tools/call""#;
    for line in [
        format!("mcp_compose_child_calls_total{leaf},outcome=\"ok\"}} 1"),
        format!("mcp_compose_child_calls_total{leaf},outcome=\"tool_error\"}} 1"),
        format!("mcp_compose_child_call_duration_seconds_count{leaf}}} 2"),
        "mcp_compose_child_calls_total{child=\"missing\",method=\"tools/call\",outcome=\"refused\"} 1".to_owned(),
        "mcp_compose_child_state{child=\"leaf\",state=\"ready\"} 1".to_owned(),
        "mcp_compose_catalog_entries{kind=\"tool\"} 4".to_owned(),
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
    }
    read(&text, 12);
}

#[tokio::test]
async fn each_child_has_a_name_of_its_own() {
    let child = || stdio(binary("scripted_child")).args([basic(json!({})).to_string()]);
    let composition = Composition::builder().local(child()).local(child()).build();
    let running = composition.start().expect("it is sound");
    let text = running.metrics();
    running.stop().await;
    let series = text.lines().filter(|line| !line.starts_with('#'));
    let mut series: Vec<_> = series.filter_map(|line| line.rsplit_once(' ')).collect();
    series.sort_unstable();
    let all = series.len();
    series.dedup_by_key(|(name, _)| *name);
    assert!(all > 20 && series.len() == all, "{text}");
    assert!(text.contains("{child=\"scripted_child-2\""), "{text}");
}

#[tokio::test]
async fn the_admin_listener_gives_it() {
    const TOKEN: &str = "sesame-sesame-sesame";
    let config = Config::new()
        .child("leaf", scripted(basic(json!({}))))
        .arguments(&["--admin", "127.0.0.1:0", "--admin-token-env", "PAGE_TOKEN"])
        .environment("PAGE_TOKEN", TOKEN);
    let aggregator = Aggregator::http(&config).await;
    let caller = Raw::http(&aggregator, LEGACY).await;
    caller.listed("leaf_echo").await;
    caller.call("leaf_echo", json!({})).await;
    let place = aggregator.status_page().await + "metrics";
    // Where it is installed already, nothing is left to do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let refused = client.get(&place).send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
    let answer = client.get(&place).bearer_auth(TOKEN).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status(), 200);
    let kind = &answer.headers()["content-type"];
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.expect("the text");
    assert!(
        text.contains("mcp_compose_child_state{child=\"leaf\""),
        "{text}"
    );
    read(&text, 10);
}

/// Has the text read by those it is for; there must be that many families in it.
fn read(text: &str, least: usize) {
    // The parser of Prometheus' own client library.
    let parse = "import sys\n\
        from prometheus_client.parser import text_string_to_metric_families as parse\n\
        for family in parse(sys.stdin.read()):\n    \
            assert family.type != 'unknown' and family.documentation, family\n    \
            assert family.samples, family\n    \
            print(family.name, family.type)\n";
    let families = checked(Command::new(python()).args(["-c", parse]), text);
    assert!(families.lines().count() >= least, "{families}");
    // Debian's package `prometheus` has it: where it is, its lint is heard too.
    if Command::new("promtool").arg("--version").output().is_ok() {
        let said = checked(Command::new("promtool").args(["check", "metrics"]), text);
        assert_eq!(said.trim(), "");
    }
}
