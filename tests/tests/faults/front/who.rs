//! Who may come in, and what nobody can have done by asking for it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::patiently;
use mcp_compose_tests::process::Process;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted};

use super::http::{Http, address, message};

const TOKEN: &str = "sesame-sesame-sesame";
const BEARER: (&str, &str) = ("authorization", "Bearer sesame-sesame-sesame");

fn child() -> Value {
    scripted(basic(json!({})))
}

fn guarded() -> Config {
    Config::new()
        .child("ns", child())
        .environment("MCPC_TOKEN", TOKEN)
        .arguments(&["--auth-token-env", "MCPC_TOKEN"])
}

#[tokio::test]
async fn t35_whoever_shows_no_token_is_not_served_and_whoever_does_is() {
    let aggregator = Aggregator::http(&guarded()).await;
    let mut http = Http::to(&aggregator).await;
    for headers in [
        &[][..],
        &[("authorization", "Bearer sesame")],
        &[("authorization", "Basic c2VzYW1lLXNlc2FtZS1zZXNhbWU6")],
        &[("cookie", "token=sesame-sesame-sesame")],
    ] {
        // A connection each: the body of a refused request is not read.
        let mut http = Http::to(&aggregator).await;
        let refused = http.initialize(headers).await.expect_err("no token");
        assert_eq!(refused.status, 401, "{refused:?}");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        assert!(!refused.body.contains("sesame"), "{refused:?}");
    }
    assert!(http.initialize(&[BEARER]).await.is_ok());
    assert!(http.initialize(&[("x-api-key", TOKEN)]).await.is_ok());
    for version in [LEGACY, MODERN] {
        let client = Raw::with_headers(&aggregator.url, version, json!({}), &[BEARER]).await;
        client.listed("ns_process").await;
        // The child knows nothing of it.
        let process = client.call("ns_process", json!({})).await.to_string();
        assert!(
            !process.contains("sesame") && !process.contains("MCPC_TOKEN"),
            "{process}"
        );
        let received = client.call("ns_received", json!({})).await.to_string();
        assert!(!received.contains("sesame"), "{received}");
    }
    let said = aggregator.process.stderr().all().join("\n");
    assert!(!said.contains("sesame"), "{said}");
}

#[tokio::test]
async fn t35_a_body_that_nobody_may_send_is_not_waited_for() {
    let aggregator = Aggregator::http(&guarded()).await;
    let mut http = Http::to(&aggregator).await;
    let head = "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 4000000\r\n\r\n";
    http.write(head).await.expect("it reads");
    let refused = patiently("401", http.answer()).await.expect("an answer");
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn s12_an_address_that_others_reach_is_not_listened_on_without_tokens() {
    let ended = async |config: &Config| {
        let (mut command, _folder) = config.serve("0.0.0.0:0");
        let mut process = Process::start(&mut command);
        let said = process.stderr().find(|line| line.starts_with("error: "));
        let said = patiently("what it says", said).await;
        (process.ended().await.code(), said)
    };
    let open = Config::new().child("ns", child());
    let (code, said) = ended(&open).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("can be reached from the network") && said.contains("--auth-token-env"),
        "{said}"
    );
    for (value, what) in [
        ("", "a token is empty"),
        ("two words of it", "visible ASCII"),
    ] {
        let config = open
            .clone()
            .environment("MCPC_TOKEN", value)
            .arguments(&["--auth-token-env", "MCPC_TOKEN"]);
        let (code, said) = ended(&config).await;
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(what) && !said.contains("words"), "{said}");
    }
    let unset = open.arguments(&["--auth-token-env", "MCPC_NO_SUCH_VARIABLE"]);
    let (code, said) = ended(&unset).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`MCPC_NO_SUCH_VARIABLE`"), "{said}");

    let (mut command, _folder) = guarded().serve("0.0.0.0:0");
    let process = Process::start(&mut command);
    let serving = process
        .stderr()
        .find(|line| line.contains("http://0.0.0.0:"));
    let line = patiently("the address", serving).await;
    let port = line.rsplit_once("0.0.0.0:").expect("found just now").1;
    let port = port.trim_end_matches("/mcp");
    let mut http = Http::connect(&format!("127.0.0.1:{port}"))
        .await
        .expect("it listens");
    assert_eq!(
        http.initialize(&[]).await.expect_err("no token").status,
        401
    );
    let mut http = Http::connect(&format!("127.0.0.1:{port}"))
        .await
        .expect("it listens");
    assert!(http.initialize(&[BEARER]).await.is_ok());
}

/// The processes that the aggregator has started and that still run.
fn started(pid: u32) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        panic!("process {pid} is gone")
    };
    for thread in threads.filter_map(Result::ok) {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        all.extend(children.split_whitespace().map(str::to_owned));
    }
    all
}

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        &of[(self.0 >> 33) as usize % of.len()]
    }
}

#[tokio::test]
async fn s07_no_request_starts_a_program_that_it_names() {
    let aggregator = Aggregator::http(&Config::new().child("ns", child())).await;
    let watcher = Raw::http(&aggregator, LEGACY).await;
    watcher.listed("ns_echo").await;
    let folder = tempfile::tempdir().expect("a folder");
    let marker = folder.path().join("started").display().to_string();
    let pid = aggregator.process.pid();
    let before = started(pid);
    let mut http = Http::to(&aggregator).await;
    let session = http.initialize(&[]).await.expect("a session");

    let requests = super::size("MCPC_REQUESTS", 600);
    let mut random = Random(super::size("MCPC_SEED", 7) as u64);
    let query =
        format!("command=touch&args={marker}&transportType=stdio&url=stdio%3Atouch%20{marker}");
    let named = json!({ "command": "touch", "args": [marker], "env": { "A": "1" } });
    for n in 0..requests {
        let method = *random.pick(&["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);
        let path = *random.pick(&[
            "/mcp",
            "/",
            "/sse",
            "/stdio",
            "/message",
            "/connect",
            "/spawn",
            "/api/servers",
            "/config",
            "/admin",
            "/health",
        ]);
        let path = match random.pick(&[true, false]) {
            true => format!("{path}?{query}"),
            false => path.to_owned(),
        };
        let rpc = *random.pick(&[
            "initialize",
            "tools/call",
            "ping",
            "server/discover",
            "servers/add",
            "tools/list",
        ]);
        let params = match *random.pick(&["plain", "servers", "arguments", "meta"]) {
            "plain" => named.clone(),
            "servers" => json!({ "mcpServers": { "x": named }, "name": "x" }),
            "arguments" => json!({ "name": "ns_echo", "arguments": named }),
            _ => {
                json!({ "_meta": named, "protocolVersion": LEGACY, "capabilities": named, "clientInfo": named })
            }
        };
        let body = match random.pick(&[true, true, false]) {
            true => message(n as u64, rpc, &params),
            false => named.to_string(),
        };
        let value = format!("touch {marker}");
        let mut headers = vec![];
        if *random.pick(&[true, false]) {
            headers.push(("mcp-session-id", &*session));
        }
        if *random.pick(&[true, false]) {
            headers.extend([
                ("x-command", &*value),
                ("command", &*value),
                ("mcp-server", &*value),
            ]);
        }
        // Ending the session is not what is meant here.
        if method == "DELETE" {
            headers.retain(|(name, _)| *name != "mcp-session-id");
        }
        if method == "GET" {
            headers.push(("accept", "application/json"));
        }
        let mut http = Http::connect(&address(&aggregator))
            .await
            .expect("it listens");
        let answer = http.send(method, &path, &headers, &body).await;
        assert!(
            answer.is_ok(),
            "{method} {path} {headers:?} {body}: {answer:?}"
        );
    }
    assert_eq!(started(pid), before, "the same processes as before");
    assert!(!fs::exists(&marker).expect("the folder can be read"));
    let stopped = watcher.call("ns_echo", json!({ "still": "there" })).await;
    assert!(stopped.to_string().contains("there"));
}
