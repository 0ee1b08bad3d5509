//! Small texts that would cost much: requests of clients, and schemas of children that arguments are compared with.

use serde_json::{Value, json};

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{MODERN, Raw};
use mcp_compose_tests::scripted::{basic, scripted, tool};
use mcp_compose_tests::system::{peak_kib, resident_kib};

use super::http::Http;
use super::modern;

const MIB: usize = 1024 * 1024;

/// A call whose argument is `value`, which is no JSON that a library would write.
fn call(value: &str) -> String {
    let params = modern(json!({ "name": "ns_echo", "arguments": { "value": "HERE" } }));
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    call.to_string().replace("\"HERE\"", value)
}

/// Sends what must be refused; gives the status, or that of a body that was not read to its end.
async fn refused(aggregator: &Aggregator, body: &str) -> u16 {
    let headers = [
        ("mcp-protocol-version", MODERN),
        ("mcp-method", "tools/call"),
        ("mcp-name", "ns_echo"),
    ];
    let mut http = Http::to(aggregator).await;
    let answer = http.send("POST", "/mcp", &headers, body).await;
    match answer {
        Ok(answer) => answer.status,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 413,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn t26_requests_that_are_small_and_cost_much_are_refused_before_they_do() {
    let config = Config::new().child("ns", scripted(basic(json!({}))));
    let aggregator = Aggregator::http(&config).await;
    let good = Raw::http(&aggregator, MODERN).await;
    good.listed("ns_echo").await;
    let pid = aggregator.process.pid();
    let keys: Vec<_> = (0..250_000).map(|n| format!("\"{n:06}\":0")).collect();
    let long = "x".repeat(5 * MIB);
    for (what, value, status) in [
        (
            "a million levels",
            format!("{}{}", "[".repeat(MIB), "]".repeat(MIB)),
            400,
        ),
        ("levels without an end", "[".repeat(3 * MIB), 400),
        (
            "two million values",
            format!("[{}1]", "1,".repeat(2 * MIB - 1000)),
            400,
        ),
        (
            "a quarter of a million members",
            format!("{{{}}}", keys.join(",")),
            400,
        ),
        ("a member twice", "{\"a\":1,\"a\":2}".to_owned(), 400),
        ("five megabytes", format!("\"{long}\""), 413),
    ] {
        let before = resident_kib(pid);
        assert_eq!(refused(&aggregator, &call(&value)).await, status, "{what}");
        let rise = peak_kib(pid).saturating_sub(before) / 1024;
        eprintln!(
            "{what}: {} KiB, memory at most {rise} MiB more",
            value.len() / 1024
        );
        assert!(rise < 64, "{what}: {rise} MiB");
    }
    let served = good.call("ns_echo", json!({ "n": 1 })).await;
    assert_eq!(served["isError"], Value::Null, "{served}");
}

fn text_of(answer: &Value) -> &str {
    answer["content"][0]["text"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn t24_schemas_that_are_short_to_write_and_long_to_compare_cost_nobody_anything() {
    let schema = |schema: Value| {
        let mut entry = json!({ "type": "object" });
        entry
            .as_object_mut()
            .expect("an object")
            .extend(schema.as_object().expect("an object").clone());
        entry
    };
    let mut doubling = json!({});
    for level in 0..30 {
        let next = format!("#/$defs/l{}", level + 1);
        doubling[format!("l{level}")] = json!({ "allOf": [{ "$ref": next }, { "$ref": next }] });
    }
    doubling["l30"] = json!({ "type": "object" });
    let chain: serde_json::Map<String, Value> = (0..1500)
        .map(|n| {
            (
                format!("c{n}"),
                json!({ "$ref": format!("#/$defs/c{}", n + 1) }),
            )
        })
        .collect();
    let bombs = [
        (
            "pattern",
            schema(json!({ "properties": { "text": { "pattern": "^(a+)+$" } } })),
        ),
        (
            "doubling",
            schema(json!({ "$ref": "#/$defs/l0", "$defs": doubling })),
        ),
        (
            "chain",
            schema(json!({ "$ref": "#/$defs/c0", "$defs": chain })),
        ),
        ("circle", schema(json!({ "$ref": "#" }))),
        (
            "elsewhere",
            schema(json!({ "$ref": "http://127.0.0.1:9/schema.json" })),
        ),
    ];
    let mut tools = Vec::new();
    let mut calls = json!({});
    for (name, schema) in &bombs {
        let mut entry = tool(name);
        entry["inputSchema"] = schema.clone();
        tools.push(entry);
        calls[*name] = mcp_compose_tests::scripted::says("done");
    }
    let script = json!({ "tools": tools, "calls": calls });
    let aggregator = Aggregator::http(&Config::new().child("ns", scripted(basic(script)))).await;
    let client = Raw::http(&aggregator, MODERN).await;
    client.listed("ns_circle").await;
    let pid = aggregator.process.pid();
    for (name, _) in &bombs {
        let before = resident_kib(pid);
        let text = format!("{}!", "a".repeat(10_000));
        let answer = client
            .call(&format!("ns_{name}"), json!({ "text": text }))
            .await;
        let rise = peak_kib(pid).saturating_sub(before) / 1024;
        eprintln!(
            "{name}: memory at most {rise} MiB more: {:.80}",
            text_of(&answer)
        );
        assert!(rise < 64, "{name}: {rise} MiB");
        // A pattern that can be compared refuses; what cannot be compared is the child's to judge.
        let passed = text_of(&answer) == "done";
        assert_eq!(passed, *name != "pattern", "{name}: {}", text_of(&answer));
    }
}
