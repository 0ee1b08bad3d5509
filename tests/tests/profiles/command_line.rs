//! `--profile`, over stdio and for the commands.

use std::process::Output;

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::patiently;
use mcp_compose_tests::process::Process;
use mcp_compose_tests::raw::{Raw, get};
use serde_json::{Value, json};

use super::{ERAS, child, config};

async fn list(config: &Config, arguments: &[&str]) -> Output {
    let (mut command, _folder) = config.list();
    command.args(arguments).kill_on_drop(true);
    let output = patiently("list", command.output()).await;
    output.expect("it can be started")
}

#[tokio::test]
async fn a_profile_is_listed_called_and_served_alone() {
    let listed = list(&config(), &["--profile", "reading"]).await;
    assert!(listed.status.success(), "{listed:?}");
    let text = String::from_utf8_lossy(&listed.stdout);
    for shown in [
        "Tools (3, ",
        "  docs_search ",
        "  docs_link ",
        "  db_search ",
        "Resources (1",
        "  docs://page://one ",
        "Resource templates (1",
        "  docs://page://{name} ",
        "Prompts (1",
        "  docs_plan ",
    ] {
        assert!(text.contains(shown), "`{shown}` is not in\n{text}");
    }
    assert!(!text.contains("db_delete"), "{text}");
    for (tool, code) in [("db_search", 0), ("db_delete", 2)] {
        let (mut command, _folder) = config().call(tool, &json!({}));
        command.args(["--profile", "reading"]).kill_on_drop(true);
        let output = patiently("call", command.output()).await.expect("an end");
        assert_eq!(output.status.code(), Some(code), "{tool}: {output:?}");
    }
    for version in ERAS {
        let (mut command, _folder) = config().list();
        let program = command.as_std();
        let file = program.get_args().nth(2).expect("the file").to_owned();
        let program = program.get_program().to_owned();
        command = mcp_compose_tests::process::command(&program);
        command.arg("serve").arg("--config").arg(file);
        command.args(["--stdio", "--profile", "db-only"]);
        let client = Raw::process(Process::start(&mut command), version).await;
        let names = client.names("tools").await;
        assert_eq!(names[0], "db_echo");
        assert!(
            names.iter().all(|name| name.starts_with("db_")),
            "{names:?}"
        );
        let outside = client
            .try_request("tools/call", json!({ "name": "docs_search" }))
            .await;
        outside.expect_err("it is of another profile");
        client.close().await;
    }
}

#[tokio::test]
async fn a_child_is_asked_for_by_its_namespace() {
    let listed = list(&config(), &["--profile", "db"]).await;
    // The other child is not started, and is not missed.
    assert!(listed.status.success(), "{listed:?}");
    let text = String::from_utf8_lossy(&listed.stdout);
    assert!(text.contains("\n  search "), "{text}");
    assert!(!text.contains("db_"), "{text}");
}

#[tokio::test]
async fn mistakes_are_told_before_anything_is_started() {
    let unknown = list(&config(), &["--profile", "readin"]).await;
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&unknown.stderr),
        "error: the composition cannot start:\n  \
         profile: there is no profile or child `readin`; did you mean `reading`?\n"
    );
    let wrong = json!({ "docs": [], "Big": [], "ok": { "children": ["dbb"] } });
    let wrong = list(&config().setting("profiles", wrong), &[]).await;
    assert_eq!(wrong.status.code(), Some(2));
    let text = String::from_utf8_lossy(&wrong.stderr);
    for line in [
        "profile docs: a child has the same name; give the profile another",
        "profile Big: namespace `Big` starts with `B`; it must start with a lower-case letter",
        "profile ok: there is no child `dbb`; did you mean `db`?",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

/// What is not served does not make a composition ready, nor is it counted.
#[tokio::test]
async fn readiness_and_figures_are_those_of_the_profile() {
    let missing = json!({ "command": "/no/such/program" });
    let config = Config::new()
        .child("gone", missing)
        .child("docs", child("docs"))
        .setting("profiles", json!({ "p": ["gone_*"], "q": ["docs_search"] }));
    for (profile, ready, tools) in [("p", "not ready", 0), ("q", "ready", 1)] {
        let arguments = ["--profile", profile, "--admin", "127.0.0.1:0"];
        let served = Aggregator::http(&config.clone().arguments(&arguments)).await;
        let page = served.status_page().await;
        let at = |path: &str| format!("{}{path}", page.trim_end_matches('/'));
        let status = async {
            loop {
                let answer: Value = get(&at("/readyz")).await.parse().expect("JSON");
                let children = answer["children"].as_array().expect("children").clone();
                assert_eq!(children.len(), 1, "{children:?}");
                if answer["status"] == ready {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        patiently(ready, status).await;
        let counted = format!("mcp_compose_catalog_entries{{kind=\"tool\"}} {tools}\n");
        let metrics = get(&at("/metrics")).await;
        assert!(metrics.contains(&counted), "{metrics}");
    }
}
