//! All of it at once, and the ways to ask for it.

use std::sync::Arc;

use mcp_compose_tests::aggregator::Config;
use mcp_compose_tests::peers::workspace;
use mcp_compose_tests::scripted::{basic, scripted};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::bed::{compare, doctor, without};
use super::{broken, remote, tls};

#[tokio::test]
async fn fifteen_broken_children_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (locked, website) = (remote::locked().await, remote::website().await);
    let children: [(&str, Value); 15] = [
        ("missing", json!({ "command": "no-such-program-anywhere" })),
        ("foreign", json!({ "command": broken::foreign(&folder) })),
        ("crash", broken::crash()),
        ("hang", broken::hang()),
        ("noise", broken::noise()),
        ("schema", broken::bad_schemas()),
        ("locked", json!({ "url": locked.url })),
        ("closed", json!({ "url": remote::closed() })),
        ("untrusted", json!({ "url": tls::untrusted() })),
        ("website", json!({ "url": website.url })),
        ("twice", broken::duplicates()),
        ("long", broken::long_names()),
        ("unset", broken::missing_variable()),
        ("slow", broken::slow()),
        ("modern", broken::modern_only()),
    ];
    let mut config = Config::new();
    for (name, child) in &children {
        config = config.child(name, child.clone());
    }
    let seen = doctor(&config, &[]).await;
    compare("fifteen", &without(&seen.stdout, folder.path()));
    assert_eq!(seen.code, Some(1));
    for (name, _) in children {
        let title = format!("\n{name}: ");
        assert!(format!("\n{}", seen.stdout).contains(&title), "{name}");
    }
}

#[tokio::test]
async fn children_are_looked_at_side_by_side() {
    // Neither answers before both are asked.
    let both = Arc::new(Barrier::new(2));
    let mut config = Config::new();
    let mut servers = Vec::new();
    for name in ["first", "second"] {
        let both = Arc::clone(&both);
        let app = axum::Router::new().fallback(move || {
            let both = Arc::clone(&both);
            async move {
                both.wait().await;
                axum::http::StatusCode::UNAUTHORIZED
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        servers.push(tokio::spawn(
            async move { axum::serve(listener, app).await },
        ));
        let child = json!({ "url": format!("http://{address}/mcp"), "initTimeout": 20 });
        config = config.child(name, child);
    }
    let seen = doctor(&config, &["--json"]).await;
    let report: Value = serde_json::from_str(&seen.stdout).expect("JSON");
    for child in report["children"].as_array().expect("children") {
        assert_eq!(child["findings"][0]["check"], "credentials", "{child}");
    }
    servers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn json_says_the_same_to_programs() {
    let config = Config::new()
        .child("crash", broken::crash())
        .child("well", scripted(basic(json!({ "page": 2 }))));
    let seen = doctor(&config, &["--json"]).await;
    assert_eq!(seen.code, Some(1), "{}", seen.stderr);
    let mut report: Value = serde_json::from_str(&seen.stdout).expect("JSON");
    let well = &mut report["children"][1];
    assert!(well["startMs"].is_u64(), "{well}");
    well["startMs"] = json!(0);
    let text = serde_json::to_string_pretty(&report).expect("JSON");
    compare(
        "json",
        &without(&format!("{text}\n"), std::path::Path::new("/nowhere")),
    );
}

#[tokio::test]
async fn one_child_alone_can_be_looked_at() {
    let config = Config::new()
        .child("crash", broken::crash())
        .child("well", scripted(basic(json!({}))));
    let seen = doctor(&config, &["--child", "well"]).await;
    assert_eq!(seen.code, Some(0), "{}", seen.stdout);
    assert!(seen.stdout.starts_with("well: ok"), "{}", seen.stdout);
    let seen = doctor(&config, &["--child", "wel"]).await;
    assert_eq!(seen.code, Some(2));
    let expected = "error: there is no child `wel`; did you mean `well`?\n";
    assert_eq!(seen.stderr, expected);
}

/// What profiles say of the children that are left out is no mistake; what they say of others is.
#[tokio::test]
async fn profiles_are_no_worse_for_looking_at_one_child_alone() {
    let profiles = json!({
        "few": { "children": ["well", "crash"] },
        "wrong": { "children": ["well", "wrong"] },
    });
    let config = Config::new()
        .child("crash", broken::crash())
        .child("well", scripted(basic(json!({}))))
        .setting("profiles", profiles);
    for more in [
        &["--child", "well"][..],
        &["--child", "well", "--profile", "few"],
    ] {
        let seen = doctor(&config, more).await;
        assert_eq!(seen.code, Some(0), "{}", seen.stdout);
        assert!(
            seen.stdout.contains("there is no child `wrong`"),
            "{}",
            seen.stdout
        );
        assert!(
            !seen.stdout.contains("there is no child `crash`"),
            "{}",
            seen.stdout
        );
    }
}

#[tokio::test]
async fn the_whole_has_a_bound() {
    let forever = scripted(json!({ "silent": true }));
    let config = Config::new().child("hang", broken::with(forever, &json!({ "grace": 0.1 })));
    let seen = doctor(&config, &["--timeout", "0.5"]).await;
    assert_eq!(seen.code, Some(1));
    assert!(
        seen.stdout.contains("not ready within 0.5 s"),
        "{}",
        seen.stdout
    );
}

#[test]
fn the_page_says_what_each_check_means() {
    let page = workspace().join("docs/debug.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let reports = workspace().join("tests/tests/doctor/expected");
    for report in std::fs::read_dir(reports).expect("it is a folder") {
        let report = std::fs::read_to_string(report.expect("a file").path()).expect("text");
        for line in report.lines().filter(|line| line.starts_with("  ")) {
            let mut words = line.split_whitespace();
            if let (Some("ok" | "warning" | "error"), Some(check)) = (words.next(), words.next()) {
                let row = format!("| `{check}` |");
                assert!(page.contains(&row), "`{check}` is not in docs/debug.md");
            }
        }
    }
}

#[tokio::test]
async fn a_file_of_which_nothing_can_be_made_is_no_diagnosis() {
    let config = Config::new();
    let (mut command, folder) = config.doctor();
    std::fs::write(folder.path().join("mcp.json"), "{,}").expect("the file is ours");
    let output = command.output().await.expect("it can be started");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("mcp.json is not JSON"), "{said}");
}
