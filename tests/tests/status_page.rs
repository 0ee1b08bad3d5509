//! The admin listener: the status page in a real Chromium, who is let in, and health as probes see it.

use std::process::{Output, Stdio};
use std::time::Duration;

use mcp_compose_tests::aggregator::{Aggregator, Config, aggregator, manufact};
use mcp_compose_tests::clients::Check;
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::{node, peer, workspace};
use mcp_compose_tests::process::command;
use mcp_compose_tests::scripted::{scripted, tool};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the browser may take for everything.
const BROWSER: Duration = Duration::from_secs(180);

/// A child with tools that echo and that crash, and a secret.
fn notes() -> Value {
    let echo = json!({
        "name": "echo",
        "description": "<script>document.title = 'broken'</script>",
        "inputSchema": {
            "type": "object",
            "properties": {
                "text": { "type": "string", "description": "What is <b>said</b>." },
                "many": { "type": "integer" },
                "loud": { "type": "boolean" },
            },
            "required": ["text"],
        },
    });
    let dying =
        json!([{ "print": { "text": "the disk is full\n", "stderr": true } }, { "exit": 3 }]);
    let mut entry = scripted(json!({
        "tools": [echo, tool("crash")],
        "calls": { "crash": { "steps": dying } },
    }));
    entry["env"] = json!({ "NOTES_KEY": "hunter2hunter2" });
    entry
}

fn config(arguments: &[&str]) -> Config {
    let admin = ["--admin", "127.0.0.1:0"];
    Config::new()
        .child("notes", notes())
        .arguments(&admin)
        .arguments(arguments)
}

/// One exchange with a listener; what is sent is whole but for the end of its head.
async fn exchange(page: &str, head: &str, body: &str) -> String {
    let place = page.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(place).await.expect("a connection");
    let host = if head.contains("\r\nHost:") {
        String::new()
    } else {
        format!("\r\nHost: {place}")
    };
    let length = body.len();
    let request =
        format!("{head}{host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is taken");
    let mut answer = Vec::new();
    patiently("the answer", stream.read_to_end(&mut answer))
        .await
        .expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer}"))
}

/// What the browser's script says.
async fn browser(aggregator: &Aggregator, arguments: &[&str]) -> Output {
    let mut browser = command(node());
    browser
        .arg(peer("clients/status_page.mjs"))
        .args(["--page", &aggregator.status_page().await])
        .args(arguments)
        .current_dir(workspace())
        .kill_on_drop(true);
    if let Some(chromium) = std::env::var_os("CHROMIUM") {
        browser.env("CHROMIUM", chromium);
    }
    let output = tokio::time::timeout(BROWSER, browser.output()).await;
    output
        .expect("the browser ends")
        .expect("Node can be started")
}

#[tokio::test]
async fn people_use_it_in_a_browser() {
    let aggregator = Aggregator::http(&config(&[])).await;
    let output = browser(&aggregator, &[]).await;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let checks: Vec<Check> = stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && checks.len() == 12,
        "{checks:#?} {stderr}"
    );
}

#[tokio::test]
async fn pages_of_others_and_other_names_are_refused() {
    let aggregator = Aggregator::http(&config(&[])).await;
    let page = aggregator.status_page().await;
    for path in [
        "/",
        "/tool?name=notes_echo",
        "/events",
        "/livez",
        "/readyz",
        "/style.css",
        "/none",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: evil.example.com");
        assert_eq!(status(&exchange(&page, &head, "").await), 403, "{path}");
        let head = format!("GET {path} HTTP/1.1\r\nOrigin: http://evil.example.com");
        assert_eq!(status(&exchange(&page, &head, "").await), 403, "{path}");
    }
    for from in [
        "Origin: http://localhost:5173",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "",
    ] {
        let from = if from.is_empty() {
            String::new()
        } else {
            format!("\r\n{from}")
        };
        let head = format!("POST /tool HTTP/1.1{from}");
        let answer = exchange(&page, &head, "name=notes_echo&json={}").await;
        assert_eq!(status(&answer), 403, "{from}");
    }
    let answer = exchange(&page, "GET / HTTP/1.1", "").await;
    assert_eq!(status(&answer), 200);
    for header in [
        "content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'; ",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(answer.contains(header), "{header}: {answer}");
    }
    // None of it is where clients are.
    let front = aggregator.url.trim_end_matches("/mcp");
    assert_eq!(
        status(&exchange(front, "GET /events HTTP/1.1", "").await),
        404
    );
}

#[tokio::test]
async fn with_a_token_nobody_sees_anything_without_it() {
    const TOKEN: &str = "sesame-sesame-sesame";
    let config = config(&["--admin-token-env", "PAGE_TOKEN"]).environment("PAGE_TOKEN", TOKEN);
    let aggregator = Aggregator::http(&config).await;
    let page = aggregator.status_page().await;
    let answer = exchange(&page, "GET / HTTP/1.1", "").await;
    assert_eq!(status(&answer), 303);
    assert!(answer.contains("location: login"), "{answer}");
    for path in ["/tool?name=notes_echo", "/events"] {
        let answer = exchange(&page, &format!("GET {path} HTTP/1.1"), "").await;
        assert_eq!(status(&answer), 401, "{path}");
    }
    // A probe needs no token, and is told no detail.
    let answer = exchange(&page, "GET /readyz HTTP/1.1", "").await;
    assert!(!answer.contains("notes"), "{answer}");
    let bearer = format!("GET /readyz HTTP/1.1\r\nAuthorization: Bearer {TOKEN}");
    let answer = exchange(&page, &bearer, "").await;
    assert!(answer.contains("\"child\":\"notes\""), "{answer}");

    let wrong = exchange(&page, "POST /login HTTP/1.1", "token=another-another").await;
    assert_eq!(status(&wrong), 401);
    assert!(!wrong.contains("set-cookie"), "{wrong}");
    let right = exchange(&page, "POST /login HTTP/1.1", &format!("token={TOKEN}")).await;
    assert_eq!(status(&right), 303);
    let cookie = right
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.expect("a cookie");
    assert!(
        cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains(TOKEN),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap_or_default();
    let head = format!("GET / HTTP/1.1\r\nCookie: {cookie}");
    assert_eq!(status(&exchange(&page, &head, "").await), 200);
    let head = format!("GET / HTTP/1.1\r\nCookie: {}x", &cookie[..cookie.len() - 1]);
    assert_eq!(status(&exchange(&page, &head, "").await), 303);
}

#[tokio::test]
async fn a_page_that_others_can_reach_needs_a_token() {
    let config = Config::new().child("notes", notes());
    let config = config.arguments(&["--admin", "0.0.0.0:0"]);
    let (mut command, _folder) = config.serve("127.0.0.1:0");
    let output = patiently("the refusal", command.stdin(Stdio::null()).output()).await;
    let output = output.expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("can be reached from the network"), "{said}");
}

/// The exit code of `health`, and what it says.
async fn health(arguments: &[&str]) -> (Option<i32>, String) {
    let mut probe = command(aggregator());
    let output = patiently("the probe", probe.arg("health").args(arguments).output()).await;
    let output = output.expect("it can be started");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[tokio::test]
async fn probes_see_what_the_policy_says() {
    for (ready, expected) in [("any", Some(0)), ("required", Some(0)), ("all", Some(1))] {
        let broken = json!({ "command": "no-such-program-anywhere", "optional": true });
        let config = config(&["--ready", ready]).child("broken", broken);
        let aggregator = Aggregator::http(&config).await;
        let page = aggregator.status_page().await;
        let front = aggregator.url.trim_end_matches("/mcp");
        // Until both have started or failed, the answer may still be another.
        let started = async { while health(&[front, "--startup"]).await.0 != Some(0) {} };
        patiently("the start", started).await;
        for at in [page.as_str(), front] {
            let (code, said) = health(&[at]).await;
            assert_eq!(code, expected, "{ready} {at}: {said}");
            assert_eq!(said.contains("broken"), at == page, "{said}");
            assert_eq!(health(&[at, "--live"]).await.0, Some(0));
        }
    }
    let (code, said) = health(&["127.0.0.1:1", "--timeout", "2"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(health(&["https://127.0.0.1"]).await.0, Some(2));
}

/// `PICTURES=overwrite` takes them anew, of the reference composition with one more child that cannot start.
#[tokio::test]
async fn the_pictures_of_the_documents_are_there_and_small() {
    let folder = workspace().join("docs/pictures");
    if std::env::var_os("PICTURES").is_some_and(|what| what == "overwrite") {
        let (_manufact, url) = manufact().await;
        let script = "echo 'cannot open orders.db: no such file' >&2; exit 3";
        let orders = json!({ "command": "/bin/sh", "args": ["-c", script], "optional": true });
        let config = Config::reference(&url).child("orders", orders);
        let aggregator = Aggregator::http(&config.arguments(&["--admin", "127.0.0.1:0"])).await;
        let output = browser(&aggregator, &["--pictures", "docs/pictures"]).await;
        assert!(output.status.success(), "{output:?}");
    }
    for name in ["status", "status-tool"] {
        for scheme in ["light", "dark"] {
            let file = folder.join(format!("{name}-{scheme}.png"));
            let picture = std::fs::read(&file).expect("the picture is there");
            assert!(picture.starts_with(b"\x89PNG"), "{}", file.display());
            assert!(picture.len() < 150_000, "{} is too large", file.display());
        }
    }
}
