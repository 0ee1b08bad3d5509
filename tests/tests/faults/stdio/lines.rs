//! Lines that are no messages, or too much of one.

use mcp_compose_tests::aggregator::Config;
use mcp_compose_tests::scripted::{basic, scripted, text, tool};
use serde_json::{Value, json};

use super::{Bed, print, prints, reason, size};

const MIB: u64 = 1 << 20;
const NO_MESSAGE: &str = "what is no message";

/// One tool, and what happens on its calls.
fn one(name: &str, plan: &Value) -> Value {
    json!({ "tools": [tool(name)], "calls": { name: plan } })
}

#[tokio::test]
async fn a07_what_a_child_leaves_half_written_is_nobodys() {
    let half = print(r#"{"jsonrpc":"2.0","id":{id},"result":{"content":[],"half":"#);
    let bed = Bed::new(one("half", &json!({ "steps": [half, { "exit": 3 }] }))).await;
    let error = bed.call("half").await.expect_err("it has no result");
    assert_eq!(reason(&error), "child_exited", "{error}");
    assert_eq!(error["data"]["mcpCompose"]["delivered"], "maybe", "{error}");
    bed.is_well().await;
}

#[tokio::test]
async fn a08_nothing_follows_the_end_of_a_call() {
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{token},"progress":{n}}}"#;
    let burst = prints(&format!("{progress}\n"), 5000);
    let bed = Bed::new(one("burst", &json!({ "steps": [burst, { "exit": 3 }] }))).await;
    assert_eq!(bed.reason("burst").await, "child_exited");
    bed.is_well().await;
    let received = bed.client.received();
    let last = received
        .iter()
        .rposition(|one| one.method() == Some("notifications/progress"));
    let end = received
        .iter()
        .position(|one| one.value.get("error").is_some());
    assert!(last.expect("some progress") < end.expect("the error"));
}

#[tokio::test]
async fn a09_junk_is_passed_over_shown_three_times_and_counted() {
    let few = json!([
        print("Listening on stdio\n\r\n\n"),
        { "print": { "text": "\u{1b}[2J", "bytes": [0xff, 0, 0xfe, b'\n'] } },
        print("\u{feff}{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\r\n"),
        print("\u{0}\n[]\n[1]\n7\nnull\n\"x\"\n"),
    ]);
    let script = json!({
        "tools": [tool("few"), tool("many")],
        "calls": { "few": { "steps": few }, "many": { "steps": [prints("junk\n", 500)] } },
    });
    let bed = Bed::new(script).await;
    bed.call("few").await.expect("it is served all the same");
    assert_eq!(bed.logged("unhealthy"), Vec::<String>::new());
    for _ in 0..3 {
        bed.call("many").await.expect("it is served all the same");
    }
    bed.is_well().await;
    bed.logs("it is unhealthy: within a minute, ").await;
    assert_eq!(bed.logged("unhealthy").len(), 1);
    let shown = bed.logged(NO_MESSAGE);
    assert_eq!(shown.len(), 3, "{shown:#?}");
    assert!(shown[1].contains(r"\x1b[2J\xff\x00\xfe"), "{}", shown[1]);
}

/// Plain text, and objects that are no JSON-RPC.
fn noise(lines: u64) -> [Value; 2] {
    [
        prints("INFO request {n} handled in 3 ms\n", lines / 2),
        prints(
            "{\"level\":\"info\",\"id\":{n},\"msg\":\"handled\"}\n",
            lines / 2,
        ),
    ]
}

#[tokio::test]
async fn a10_log_lines_on_stdout_are_never_answered() {
    let lines = size("MCPC_NOISE", 100_000);
    let bed = Bed::new(one("noise", &json!({ "steps": noise(lines) }))).await;
    let memory = bed.memory();
    bed.call("noise").await.expect("it is served all the same");
    let received = bed.call("received").await.expect("it says what it got");
    let messages = received["structuredContent"]["messages"]
        .as_array()
        .expect("a list");
    let answers: Vec<_> = messages
        .iter()
        .filter(|one| one["method"].is_null())
        .collect();
    assert!(answers.is_empty(), "{answers:?}");
    assert!(memory.rise("a10") < 32 * 1024);
    bed.is_well().await;
}

#[tokio::test]
async fn a11_nor_do_they_block_anything_while_the_child_reads_nothing() {
    let lines = size("MCPC_NOISE", 100_000);
    let [plain, objects] = noise(lines);
    let pings = prints(
        "{\"jsonrpc\":\"2.0\",\"id\":{n},\"method\":\"ping\"}\n",
        lines,
    );
    let bed = Bed::new(one(
        "noise",
        &json!({ "steps": ["deaf", plain, pings, objects] }),
    ))
    .await;
    let memory = bed.memory();
    bed.call("noise").await.expect("it is served all the same");
    assert!(memory.rise("a11") < 32 * 1024);
}

/// The plan of a tool that writes so many MiB before its answer.
fn mebibytes(count: u64) -> Value {
    prints(&"x".repeat(4096), count * MIB / 4096)
}

#[tokio::test]
async fn a12_a_line_without_an_end_fails_the_calls_and_ends_the_child() {
    let script = json!({
        "tools": [tool("endless"), tool("wait")],
        "calls": {
            "endless": { "steps": [mebibytes(size("MCPC_LINE_MIB", 192))] },
            "wait": { "steps": ["until_released"] },
        },
    });
    let bed = Bed::new(script).await;
    let wait = json!({ "name": "ns_wait", "arguments": {} });
    let waiting = bed.client.start("tools/call", wait).await;
    let memory = bed.memory();
    let error = bed.call("endless").await.expect_err("it has no result");
    assert_eq!(reason(&error), "child_protocol_error", "{error}");
    let error = waiting.answer().await.value["error"].take();
    assert_eq!(reason(&error), "child_protocol_error", "{error}");
    // The longest line that is allowed, as it grows and as it was.
    assert!(memory.rise("a12") < 2 * 16 * 1024 + 8 * 1024);
    bed.is_well().await;
}

#[tokio::test]
async fn a13_a_large_result_passes_up_to_the_bound_and_fails_alone_beyond_it() {
    let text_of = |before: &str, after: &str| json!({ "steps": [print(before), mebibytes(17), print(after)], "answer": "nothing" });
    let script = json!({
        "tools": [tool("below"), tool("above"), tool("last"), tool("between"), tool("wait"), tool("go")],
        "calls": {
            "below": { "answer": { "size": 159 * MIB / 10 } },
            "above": { "answer": { "size": size("MCPC_RESULT_MIB", 40) * MIB } },
            "last": text_of(r#"{"result":{"a":""#, "\"},\"jsonrpc\":\"2.0\",\"id\":{id}}\n"),
            "between": text_of(r#"{"result":{"a":""#, "\"},\"id\":{id},\"jsonrpc\":\"2.0\"}\n"),
            "wait": { "steps": ["until_released"] },
            "go": { "steps": ["release"] },
        },
    });
    let bed = Bed::new(script).await;
    let below = bed.call("below").await.expect("it is within the bound");
    assert_eq!(text(&below).len() as u64, 159 * MIB / 10);
    let wait = json!({ "name": "ns_wait", "arguments": { "a": 1 } });
    let waiting = bed.client.start("tools/call", wait.clone()).await;
    let memory = bed.memory();
    for tool in ["above", "last"] {
        let error = bed.call(tool).await.expect_err("it is beyond the bound");
        assert_eq!(reason(&error), "result_too_large", "{error}");
        assert!(error.to_string().contains("16777216"), "{error}");
    }
    assert!(memory.rise("a13, t38") < 2 * 16 * 1024 + 8 * 1024);
    bed.call("go").await.expect("it serves on");
    assert_eq!(text(&waiting.answer().await.value["result"]), r#"{"a":1}"#);

    // Whose answer it was cannot be told where the id is at neither end.
    let waiting = bed.client.start("tools/call", wait).await;
    for error in [
        bed.call("between")
            .await
            .expect_err("it is beyond the bound"),
        waiting.answer().await.value["error"].take(),
    ] {
        assert_eq!(reason(&error), "result_too_large", "{error}");
    }
    bed.is_well().await;
}

#[tokio::test]
async fn a14_stderr_is_always_drained_and_never_kept_whole() {
    let mebibytes = size("MCPC_STDERR_MIB", 64);
    let line = format!("{}\n", "e".repeat(1023));
    let many =
        json!({ "print": { "text": line, "times": mebibytes * MIB / 1024, "stderr": true } });
    let long = json!({ "print": { "text": "e".repeat(4096), "times": mebibytes * MIB / 4096, "stderr": true } });
    // What was left out of a second is told with the first line of a later one.
    let more = json!({ "print": { "text": "\nmore\n", "stderr": true } });
    let script = basic(json!({
        "tools": [tool("many"), tool("long"), tool("more")],
        "calls": { "many": { "steps": [many] }, "long": { "steps": [long] }, "more": { "steps": [{ "pause_ms": 1100 }, more] } },
    }));
    let config = Config::new().environment("MCP_COMPOSE_LOG", "warn,mcp_compose=debug");
    let bed = Bed::with(scripted(script), config).await;
    let memory = bed.memory();
    bed.call("many").await.expect("it is served all the same");
    bed.call("long").await.expect("it is served all the same");
    bed.call("more").await.expect("it is served all the same");
    bed.is_well().await;
    assert!(memory.rise("a14") < 8 * 1024);
    bed.logs("lines of its stderr are left out").await;
    let lines = bed.logged("eeeeeeee").len() as u64;
    assert!(
        lines < mebibytes * MIB / 1024 / 4,
        "{lines} lines went to the log"
    );
}
