//! Clients that are many, slow, or too fast: what is held for them is bounded, and others are served.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use mcp_compose_tests::aggregator::{Aggregator, Config, StdioCommand};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, tool};
use mcp_compose_tests::system::resident_kib;

use super::http::{Http, address, message};
use super::{percentiles, size};

const MIB: u64 = 1024;

async fn bed(script: Value) -> Aggregator {
    let aggregator = Aggregator::http(&Config::new().child("ns", scripted(basic(script)))).await;
    Raw::http(&aggregator, MODERN).await.listed("ns_echo").await;
    aggregator
}

/// Times of calls that good clients make one after the other, all of which succeed.
async fn good_calls(aggregator: &Aggregator, clients: usize, each: usize) -> Vec<Duration> {
    let mut running = Vec::new();
    for client in 0..clients {
        let address = address(aggregator);
        running.push(tokio::spawn(async move {
            let mut http = Http::connect(&address).await.expect("it listens");
            let mut times = Vec::new();
            for id in 0..each {
                let params =
                    json!({ "name": "ns_echo", "arguments": { "n": id, "client": client } });
                let began = Instant::now();
                let answer = http.modern(id as u64, "tools/call", &params, &[]).await;
                times.push(began.elapsed());
                assert_eq!(answer.expect("an answer").status, 200);
            }
            times
        }));
    }
    let mut times = Vec::new();
    for client in running {
        times.extend(client.await.expect("every good client is served"));
    }
    times
}

#[tokio::test]
async fn c05_a_flood_over_stdio_is_answered_to_the_last_request() {
    let requests = size("MCPC_FLOOD", 5_000) as u64;
    let config = Config::new().child("ns", scripted(basic(json!({}))));
    let command = StdioCommand::new(&config);
    let mut process = command.start();
    let (mut stdin, stdout) = process.pipes();
    let mut said = BufReader::new(stdout).lines();
    let hello = json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "flood", "version": "1" } });
    for first in [
        message(0, "initialize", &hello),
        message(1, "tools/list", &json!({})),
    ] {
        let first = format!("{first}\n");
        stdin.write_all(first.as_bytes()).await.expect("it reads");
        said.next_line().await.expect("text").expect("an answer");
    }
    let pid = process.pid();
    let before = resident_kib(pid);
    let began = Instant::now();
    let writing = tokio::spawn(async move {
        for id in 2..2 + requests {
            let call = match id % 4 {
                0 => message(id, "ping", &json!({})),
                _ => message(
                    id,
                    "tools/call",
                    &json!({ "name": "ns_echo", "arguments": { "id": id } }),
                ),
            };
            stdin
                .write_all(format!("{call}\n").as_bytes())
                .await
                .expect("it reads");
        }
        stdin
    });
    let (mut served, mut overloaded, mut peak) = (HashSet::new(), HashSet::new(), before);
    while (served.len() + overloaded.len()) < requests as usize {
        let line = mcp_compose_tests::patiently("an answer", said.next_line()).await;
        let answer: Value =
            serde_json::from_str(&line.expect("text").expect("an answer")).expect("a message");
        let Some(id) = answer["id"].as_u64() else {
            continue;
        };
        let new = match answer.get("error") {
            None => served.insert(id),
            Some(error) => {
                assert_eq!(
                    error["data"]["mcpCompose"]["reason"], "overloaded",
                    "{answer}"
                );
                overloaded.insert(id)
            }
        };
        assert!(new, "answered twice: {answer}");
        if id % 512 == 0 {
            peak = peak.max(resident_kib(pid));
        }
    }
    let stdin = writing.await.expect("everything was written");
    eprintln!(
        "{requests} requests on one connection: {} served, {} overloaded, none unanswered, {:?}; \
         resident {before} KiB before, {peak} KiB at most, {} KiB after",
        served.len(),
        overloaded.len(),
        began.elapsed(),
        resident_kib(pid),
    );
    assert!(served.is_disjoint(&overloaded));
    assert!(peak < before + 96 * MIB, "{before} {peak}");
    drop(stdin);
    process.ended().await;
}

#[tokio::test]
async fn c07_a_client_that_reads_slowly_costs_no_memory_and_no_time() {
    let messages = size("MCPC_MESSAGES", 60_000);
    let aggregator = bed(json!({
        "tools": [tool("flood")],
        "calls": { "flood": { "steps": [{ "count": messages }] } },
    }))
    .await;
    let pid = aggregator.process.pid();
    let alone = percentiles(good_calls(&aggregator, 2, 50).await);
    let before = resident_kib(pid);
    let mut slow = Vec::new();
    for n in 0..4 {
        let mut http = Http::to(&aggregator).await;
        let token = format!("{n}-{}", "x".repeat(2000));
        let params =
            json!({ "name": "ns_flood", "arguments": {}, "_meta": { "progressToken": token } });
        http.begin_modern(1, "tools/call", &params, &[])
            .await
            .expect("it reads");
        slow.push(tokio::spawn(async move {
            let mut read = 0;
            let mut second = tokio::time::interval(Duration::from_millis(100));
            loop {
                second.tick().await;
                match http.read(&mut [0; 102]).await {
                    Ok(0) | Err(_) => return read,
                    Ok(more) => read += more,
                }
            }
        }));
    }
    let beside = percentiles(good_calls(&aggregator, 2, 200).await);
    let peak = resident_kib(pid);
    eprintln!(
        "4 clients that read 1 KiB/s of {messages} messages of 2 KiB each: resident {before} KiB before, {peak} KiB; \
         good clients p50 {:?} p99 {:?}, without them {:?} {:?}",
        beside.0, beside.1, alone.0, alone.1
    );
    for one in slow {
        one.abort();
    }
    assert!(peak < before + 64 * MIB, "{before} {peak}");
}

#[tokio::test]
async fn c08_connections_that_only_stay_cost_little_and_take_no_place() {
    let connections = size("MCPC_CONNECTIONS", 300);
    let aggregator = bed(json!({})).await;
    let pid = aggregator.process.pid();
    let before = resident_kib(pid);
    let ping = message(1, "ping", &json!({}));
    let mut idle = Vec::new();
    for _ in 0..connections {
        let mut http = Http::to(&aggregator).await;
        let answer = http
            .send("POST", "/mcp", &[], &ping)
            .await
            .expect("an answer");
        assert_eq!(answer.status, 200);
        idle.push(http);
    }
    let after = resident_kib(pid);
    let (p50, p99) = percentiles(good_calls(&aggregator, 4, 50).await);
    eprintln!(
        "{connections} idle connections: {:.1} KiB each; good clients beside them p50 {p50:?} p99 {p99:?}",
        (after.saturating_sub(before)) as f64 / connections as f64
    );
    assert!(after < before + 32 * MIB + 64 * connections as u64);
}

#[tokio::test]
async fn c09_connections_that_begin_and_do_not_finish_are_closed_and_good_clients_are_served() {
    let half_open = size("MCPC_HALF_OPEN", 300);
    let clients = size("MCPC_CLIENTS", 8);
    let aggregator = bed(json!({})).await;
    let alone = percentiles(good_calls(&aggregator, clients, 50).await);
    let began = Instant::now();
    let mut slow = Vec::new();
    for n in 0..half_open {
        let mut http = Http::to(&aggregator).await;
        let said = [
            "",
            "P",
            "POST /mcp HTTP/1.1\r\nhost: local",
            "GET / HTTP/1.1\r\nx: ",
        ][n % 4];
        http.write(said).await.expect("it reads");
        slow.push(http);
    }
    let opened = began.elapsed();
    let beside = percentiles(good_calls(&aggregator, clients, 50).await);
    let mut first_end = None;
    for mut http in slow {
        let ended =
            mcp_compose_tests::patiently("the end of a connection", http.read(&mut [0; 1])).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        first_end.get_or_insert(began.elapsed());
    }
    let ratio = beside.1.as_secs_f64() / alone.1.as_secs_f64();
    eprintln!(
        "{half_open} half-open connections (opened in {opened:?}): all closed after {:?}; {clients} good clients p50 {:?} p99 \
         {:?}, without them {:?} {:?}: p99 {ratio:.2} times as long",
        began.elapsed(),
        beside.0,
        beside.1,
        alone.0,
        alone.1
    );
    // A connection lives for as long as a head may take, and no shorter.
    assert!(first_end.expect("some") > Duration::from_secs(5));
}

#[tokio::test]
async fn c11_sessions_that_only_stay_cost_little_and_give_it_back() {
    let sessions = size("MCPC_SESSIONS", 500);
    let aggregator = bed(json!({})).await;
    let pid = aggregator.process.pid();
    let mut http = Http::to(&aggregator).await;
    let before = resident_kib(pid);
    let mut peaks = Vec::new();
    for round in 0..3 {
        let mut open = Vec::new();
        let start = resident_kib(pid);
        while open.len() < sessions {
            match http.initialize(&[]).await {
                Ok(session) => open.push(session),
                Err(full) => {
                    assert_eq!(
                        (full.status, &*full.reason()),
                        (503, "overloaded"),
                        "{full:?}"
                    );
                    break;
                }
            }
        }
        let peak = resident_kib(pid);
        eprintln!(
            "round {round}: {} idle sessions, {:.2} KiB each ({start} to {peak} KiB resident)",
            open.len(),
            peak.saturating_sub(start) as f64 / open.len() as f64
        );
        peaks.push(peak);
        // The bed's client has none: it is stateless.
        if sessions >= 10_000 {
            let full = http.initialize(&[]).await.expect_err("no place");
            assert_eq!((full.status, full.header("retry-after")), (503, Some("2")));
        }
        for session in open {
            let headers = [("mcp-session-id", &*session)];
            let ended = http
                .send("DELETE", "/mcp", &headers, "")
                .await
                .expect("an answer");
            assert_eq!(ended.status, 204);
        }
    }
    eprintln!(
        "{before} KiB before, {} KiB after the end of all sessions",
        resident_kib(pid)
    );
    assert!(
        peaks[2] < peaks[0] + peaks[0] / 10 + 4 * MIB,
        "what ended is used again: {peaks:?}"
    );
}
