//! How the server ends: told to, left, or in the way of another.

use std::io;
use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::patiently;
use mcp_compose_tests::process::Process;
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use mcp_compose_tests::system::{eventually, processes_with};

use super::http::{Http, address, message};
use super::size;

/// Calls that take a while, and one that never ends.
fn slow() -> Value {
    basic(json!({
        "tools": [tool("short"), tool("long"), tool("wait")],
        "calls": {
            "short": { "steps": [{ "pause_ms": 40 }] },
            "long": { "steps": [{ "pause_ms": 900 }] },
            "wait": { "steps": [{ "log": { "level": "error", "data": "here" } }, "until_cancelled"] },
        },
    }))
}

fn marked(mark: &str) -> Value {
    let mut script = slow();
    script["instructions"] = json!(mark);
    scripted(script)
}

async fn told(process: &Process, count: &str) {
    let line = format!("told to stop{count}");
    let stderr = process.stderr();
    patiently(&line, stderr.find(|said| said.contains(&line))).await;
}

/// What became of the calls of one client.
#[derive(Debug, Default)]
struct Tally {
    served: usize,
    refused: usize,
}

/// Calls one after the other until it is told that the server ends. No call may end in any other way.
async fn call_until_the_end(address: String, number: usize) -> Tally {
    let mut tally = Tally::default();
    let mut http = Http::connect(&address)
        .await
        .expect("the aggregator listens");
    let session = match number % 2 {
        0 => Some(http.initialize(&[]).await.expect("a session")),
        _ => None,
    };
    for id in 1.. {
        let name = if id % 5 == 0 { "ns_long" } else { "ns_short" };
        let params = json!({ "name": name, "arguments": { "nonce": format!("{number}-{id}") } });
        let answer = match &session {
            Some(session) => {
                let headers = [("mcp-session-id", &**session)];
                let body = message(id, "tools/call", &params);
                http.send("POST", "/mcp", &headers, &body).await
            }
            None => http.modern(id, "tools/call", &params, &[]).await,
        };
        let answer = answer.unwrap_or_else(|error| panic!("{number}: call {id} was cut: {error}"));
        match answer.status {
            200 => {
                let said = answer.message();
                let nonce = format!("{number}-{id}");
                assert!(text(&said["result"]).contains(&nonce), "{number}: {said}");
                tally.served += 1;
            }
            503 => {
                assert_eq!(answer.reason(), "draining", "{answer:?}");
                assert!(answer.header("retry-after").is_some(), "{answer:?}");
                tally.refused += 1;
                return tally;
            }
            _ => panic!("{number}: {answer:?}"),
        }
        // The server has said that it takes nothing more here.
        if answer.header("connection") == Some("close") {
            return tally;
        }
    }
    unreachable!("the server ends")
}

#[tokio::test]
async fn d01_no_call_that_ends_within_the_grace_is_cut() {
    const CLIENTS: usize = 12;
    let (mut served, mut refused) = (0, 0);
    let rounds = size("MCPC_DRAINS", 3);
    for round in 0..rounds {
        let aggregator = Aggregator::http(&Config::new().child("ns", scripted(slow()))).await;
        Raw::http(&aggregator, MODERN)
            .await
            .listed("ns_short")
            .await;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| tokio::spawn(call_until_the_end(address(&aggregator), number)))
            .collect();
        // At another point of the calls each time.
        let before = tokio::time::Duration::from_millis(150 + 37 * (round as u64 % 20));
        tokio::time::sleep(before).await;
        let Aggregator { mut process, .. } = aggregator;
        process.signal(Signal::SIGTERM);
        for client in clients {
            let tally = client.await.expect("no call was cut");
            served += tally.served;
            refused += tally.refused;
        }
        let status = process.ended().await;
        assert_eq!(status.code(), Some(0), "{:?}", process.stderr().all());
    }
    eprintln!(
        "{rounds} drains of {CLIENTS} clients: {served} calls served, {refused} refused, 0 cut"
    );
    // Where the listener is closed by then, a new call meets nobody, and is none of those that are refused.
    assert!(served > 0);
}

#[tokio::test]
async fn d01_over_stdio_calls_in_flight_end_and_new_ones_are_refused() {
    let command = StdioCommand::new(&Config::new().child("ns", scripted(slow())));
    let mut client = Raw::stdio(&command, LEGACY).await;
    client.listed("ns_long").await;
    let params = json!({ "name": "ns_long", "arguments": { "n": 2 } });
    let long = client.start("tools/call", params).await;
    // What is read before this is in flight.
    client.request("ping", json!({})).await;
    client.server().signal(Signal::SIGTERM);
    told(client.server(), "").await;
    let refused = client
        .try_request("tools/call", json!({ "name": "ns_short", "arguments": {} }))
        .await
        .expect_err("a new call");
    assert_eq!(
        refused["data"]["mcpCompose"]["reason"], "draining",
        "{refused}"
    );
    assert_eq!(
        refused["data"]["mcpCompose"]["delivered"], "no",
        "{refused}"
    );
    let answer = long.answer().await.value;
    assert!(text(&answer["result"]).contains("\"n\":2"), "{answer}");
    let status = client.server().ended().await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn d02_a_second_signal_does_not_wait_for_calls_that_go_on() {
    for (first, second) in [
        (Signal::SIGINT, Signal::SIGINT),
        (Signal::SIGTERM, Signal::SIGTERM),
    ] {
        let mark = format!("d02-{second}-{}", std::process::id());
        let aggregator = Aggregator::http(&Config::new().child("ns", marked(&mark))).await;
        let client = Raw::http(&aggregator, LEGACY).await;
        client.listed("ns_wait").await;
        let _waits = client
            .start("tools/call", json!({ "name": "ns_wait", "arguments": {} }))
            .await;
        client.notification("notifications/message", |_| true).await;
        assert_eq!(processes_with(&mark).len(), 1);
        let Aggregator { mut process, .. } = aggregator;
        process.signal(first);
        told(&process, "").await;
        let began = Instant::now();
        process.signal(second);
        let status = process.ended().await;
        eprintln!(
            "{second} twice: ended after {:?} ({status})",
            began.elapsed()
        );
        eventually("the child to end", || processes_with(&mark).is_empty()).await;
    }
}

/// A client over pipes that are in our hands.
struct Piped {
    process: Process,
    _command: StdioCommand,
    stdin: Option<tokio::process::ChildStdin>,
    said: Option<tokio::io::Lines<BufReader<tokio::process::ChildStdout>>>,
}

impl Piped {
    /// With a call in flight that never ends by itself, or one that takes a moment.
    async fn calling(config: &Config, tool: &str) -> Self {
        let command = StdioCommand::new(config);
        let mut process = command.start();
        let (mut stdin, stdout) = process.pipes();
        let mut said = BufReader::new(stdout).lines();
        let hello = json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "piped", "version": "1" } });
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let call = message(2, "tools/call", &json!({ "name": tool, "arguments": {} }));
        // What comes back says that the one before was taken.
        let list = message(1, "tools/list", &json!({}));
        let ping = message(3, "ping", &json!({}));
        let steps = [
            (message(0, "initialize", &hello), 0),
            (format!("{ready}\n{list}"), 1),
            (format!("{call}\n{ping}"), 3),
        ];
        for (text, last) in steps {
            let text = format!("{text}\n");
            stdin.write_all(text.as_bytes()).await.expect("it reads");
            let took = async {
                while let Some(line) = said.next_line().await.expect("text") {
                    let message: Value = serde_json::from_str(&line).expect("a message");
                    if message["id"] == last {
                        return;
                    }
                }
                panic!("{text}: {:?}", process.stderr().all());
            };
            patiently("the call to be in flight", took).await;
        }
        Self {
            process,
            _command: command,
            stdin: Some(stdin),
            said: Some(said),
        }
    }
}

#[tokio::test]
async fn c04_a_client_over_stdio_that_is_gone_leaves_nothing_behind() {
    let mark = format!("c04-gone-{}", std::process::id());
    let config = Config::new().child("ns", marked(&mark));
    let mut client = Piped::calling(&config, "ns_wait").await;
    assert_eq!(processes_with(&mark).len(), 1);
    // Its end of both pipes is closed, as that of a process that was killed.
    client.said = None;
    client.stdin = None;
    let status = client.process.ended().await;
    assert_eq!(status.code(), Some(0));
    eventually("the child to end", || processes_with(&mark).is_empty()).await;
}

#[tokio::test]
async fn c04_a_client_that_still_reads_gets_the_answers_to_what_it_asked() {
    let config = Config::new().child("ns", scripted(slow()));
    let mut client = Piped::calling(&config, "ns_long").await;
    client.stdin = None;
    let mut said = client.said.take().expect("taken once");
    let mut answered = false;
    patiently("the end", async {
        while let Some(line) = said.next_line().await.expect("text") {
            let message: Value = serde_json::from_str(&line).expect("a message");
            answered |= message["id"] == 2 && message["result"].is_object();
        }
    })
    .await;
    assert!(answered);
    assert_eq!(client.process.ended().await.code(), Some(0));
}

#[tokio::test]
async fn c04_a_client_that_has_left_and_says_so_is_not_waited_for() {
    let mark = format!("c04-told-{}", std::process::id());
    let config = Config::new().child("ns", marked(&mark));
    let mut client = Piped::calling(&config, "ns_wait").await;
    client.stdin = None;
    client.process.signal(Signal::SIGTERM);
    let status = client.process.ended().await;
    assert_eq!(status.code(), Some(0));
    eventually("the child to end", || processes_with(&mark).is_empty()).await;
}

#[tokio::test]
async fn d09_a_second_server_on_the_same_port_says_so_and_starts_nothing() {
    let first = Aggregator::http(&Config::new().child("ns", scripted(slow()))).await;
    let mark = format!("d09-{}", std::process::id());
    let (mut command, _folder) = Config::new()
        .child("ns", marked(&mark))
        .serve(&address(&first));
    let mut second = Process::start(&mut command);
    let said = second.stderr().find(|line| line.starts_with("error: "));
    let said = patiently("what it says", said).await;
    assert_eq!(second.ended().await.code(), Some(2), "{said}");
    assert!(said.contains("cannot listen on 127.0.0.1:"), "{said}");
    assert!(
        said.contains("another program listens there already"),
        "{said}"
    );
    assert!(processes_with(&mark).is_empty());
    let mut http = Http::to(&first).await;
    assert!(http.initialize(&[]).await.is_ok(), "the first one goes on");
}

#[tokio::test]
async fn d01_a_listener_that_is_closed_refuses() {
    let aggregator = Aggregator::http(&Config::new().child("ns", scripted(slow()))).await;
    let at = address(&aggregator);
    let status = aggregator.process.stop().await;
    assert_eq!(status.code(), Some(0));
    let refused = Http::connect(&at).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}
