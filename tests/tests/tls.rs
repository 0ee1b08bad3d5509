//! Children over HTTPS: whom they are believed by, and what is said where nobody vouches for them. `cargo xtask static`
//! runs these tests with the static binary.

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::process::command;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::script::Script;
use mcp_compose_tests::scripted::{HttpChild, HttpScript, basic, says, scripted, text, tool};
use mcp_compose_tests::tls::TlsFront;
use serde_json::json;

/// A child with the tool `hello`, and TLS before it.
async fn child() -> (HttpChild, TlsFront) {
    let script = json!({ "tools": [tool("hello")], "calls": { "hello": says("over TLS") } });
    let script: Script = serde_json::from_str(&basic(script).to_string()).expect("a script");
    let child = HttpChild::start(HttpScript {
        script,
        authorization: None,
    })
    .await;
    let front = TlsFront::start(&child.url).await;
    (child, front)
}

/// What is said about a call of `far_hello` that cannot reach its child.
async fn refusal(config: &Config) -> String {
    let aggregator = Aggregator::http(config).await;
    let client = Raw::http(&aggregator, MODERN).await;
    let params = json!({ "name": "far_hello", "arguments": {} });
    let answer = client.try_request("tools/call", params).await;
    let stderr = aggregator.process.stderr().all().join("\n");
    format!("{answer:?}\n{stderr}")
}

#[tokio::test]
async fn an_authority_is_named_for_a_child() {
    let (_child, front) = child().await;
    let near = json!({ "tools": [tool("hello")], "calls": { "hello": says("over a pipe") } });
    let config = Config::new()
        .child("far", json!({ "url": front.url, "ca": front.authority() }))
        .child("near", scripted(basic(near)));
    let aggregator = Aggregator::http(&config).await;
    for version in [LEGACY, MODERN] {
        let client = Raw::http(&aggregator, version).await;
        client.listed("far_hello").await;
        client.listed("near_hello").await;
        assert_eq!(text(&client.call("far_hello", json!({})).await), "over TLS");
        assert_eq!(
            text(&client.call("near_hello", json!({})).await),
            "over a pipe"
        );
    }
}

#[tokio::test]
async fn an_authority_is_named_for_all_by_the_environment() {
    let (_child, front) = child().await;
    let file = front.authority().to_str().expect("a plain path");
    let config = Config::new()
        .child("far", json!({ "url": front.url }))
        .environment("SSL_CERT_FILE", file);
    let aggregator = Aggregator::http(&config).await;
    let client = Raw::http(&aggregator, MODERN).await;
    client.listed("far_hello").await;
    assert_eq!(text(&client.call("far_hello", json!({})).await), "over TLS");
}

#[tokio::test]
async fn who_is_vouched_for_by_nobody_is_not_called() {
    let (child, front) = child().await;
    let (_other_child, other) = self::child().await;
    // Neither the system's authorities nor another one.
    for entry in [
        json!({ "url": front.url }),
        json!({ "url": front.url, "ca": other.authority() }),
    ] {
        let said = refusal(&Config::new().child("far", entry)).await;
        assert!(
            said.contains("authority that is not trusted here"),
            "{said}"
        );
        assert!(said.contains("with `ca`"), "{said}");
    }
    assert_eq!(child.headers(), Vec::<Vec<(String, String)>>::new());
}

#[tokio::test]
async fn another_name_than_the_certificates_is_not_called() {
    let (child, _) = child().await;
    let front = TlsFront::named(&child.url, &["example.com"]).await;
    let config = Config::new().child("far", json!({ "url": front.url, "ca": front.authority() }));
    let said = refusal(&config).await;
    assert!(said.contains("for another host name"), "{said}");
}

#[tokio::test]
async fn a_variable_that_leads_nowhere_is_not_passed_over() {
    let (_child, front) = child().await;
    let config = Config::new()
        .child("far", json!({ "url": front.url }))
        .environment("SSL_CERT_FILE", "/does/not/exist.pem");
    let said = refusal(&config).await;
    assert!(
        said.contains("SSL_CERT_FILE names no certificate that can be read"),
        "{said}"
    );
}

#[tokio::test]
async fn a_wrong_file_is_told_before_anything_starts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("empty.pem"), "").expect("it can be written");
    let servers = json!({
        "missing": { "url": "https://example.com/mcp", "ca": "nowhere.pem" },
        "empty": { "url": "https://example.com/mcp", "ca": "empty.pem" },
        "plain": { "url": "http://example.com/mcp", "ca": env!("CARGO_MANIFEST_DIR") },
    });
    let file = folder.path().join("mcp.json");
    let text = json!({ "mcpServers": servers }).to_string();
    std::fs::write(&file, text).expect("it can be written");
    let output = command(mcp_compose_tests::aggregator::aggregator())
        .arg("list")
        .arg("--config")
        .arg(&file)
        .output()
        .await
        .expect("it can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in [
        "nowhere.pem: No such file",
        "empty.pem: no certificate in PEM form",
        "Is a directory",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}
