//! The examples do what they say, started as people start them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program)
        .args(args)
        .output()
        .expect("the example starts")
}

fn text(program: &str, args: &[&str]) -> String {
    let output = run(program, args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{args:?}: {}\n{stderr}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}

fn names(list: &Value, kind: &str, key: &str) -> Vec<String> {
    let entries = list[kind].as_array().expect(kind);
    entries
        .iter()
        .map(|entry| entry[key].as_str().expect(key).to_owned())
        .collect()
}

/// A client that answers what it is asked, over stdio.
struct Client {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Client {
    fn start(program: &str) -> Self {
        let mut process = Command::new(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let stdin = process.stdin.take().expect("a pipe");
        let stdout = BufReader::new(process.stdout.take().expect("a pipe"));
        Self {
            process,
            stdin,
            stdout,
        }
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = "2.0".into();
        writeln!(self.stdin, "{message}").expect("it reads");
    }

    /// The next message that wants an answer, or is one.
    fn receive(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).expect("text");
            assert!(read > 0, "the example has ended");
            let message: Value = serde_json::from_str(&line).expect("JSON");
            if message.get("id").is_some() {
                return message;
            }
        }
    }

    fn request(&mut self, id: u32, method: &str, params: &Value) -> Value {
        self.send(json!({ "id": id, "method": method, "params": params }));
        self.receive()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a person and a model answer.
fn answer(question: &Value) -> Value {
    match question["method"].as_str() {
        Some("elicitation/create") => {
            let form = &question["params"]["requestedSchema"]["properties"];
            assert_eq!(form["candles"]["default"], 0, "{form}");
            json!({ "action": "accept", "content": { "size": "Large" } })
        }
        Some("sampling/createMessage") => json!({
            "role": "assistant",
            "content": { "type": "text", "text": "Cheers" },
            "model": "none",
        }),
        _ => panic!("{question}"),
    }
}

const ASK: &str = env!("CARGO_BIN_EXE_ask");
const CAKE: &str = "cake 1: Large, 0 candles, \"Cheers\"";
const HELLO: &str = env!("CARGO_BIN_EXE_hello");
const CONNECTION: &str = env!("CARGO_BIN_EXE_connection");
const CREDENTIALS: &str = env!("CARGO_BIN_EXE_credentials");

#[test]
fn hello_lists_its_own_and_its_childrens() {
    let list: Value = serde_json::from_str(&text(HELLO, &["list", "--json"])).expect("JSON");
    assert_eq!(
        names(&list, "tools", "name"),
        ["add_note", "dice_roll", "weather_forecast"]
    );
    assert_eq!(
        names(&list, "resources", "name"),
        ["note://all", "weather://app://settings"]
    );
}

#[test]
fn hello_calls_tools_of_all_three_kinds() {
    assert_eq!(
        text(HELLO, &["call", "add_note", r#"{"text": "milk"}"#]),
        "1\n"
    );
    let roll = ["call", "dice_roll", r#"{"count": 3}"#, "--json"];
    let result: Value = serde_json::from_str(&text(HELLO, &roll)).expect("JSON");
    let rolled = result["structuredContent"]["result"].as_array();
    let rolled: Vec<_> = rolled.expect("a list").iter().map(Value::as_u64).collect();
    assert_eq!(rolled.len(), 3);
    assert!(
        rolled
            .iter()
            .all(|eyes| eyes.is_some_and(|eyes| (1..=6).contains(&eyes)))
    );
    let forecast = ["call", "weather_forecast", r#"{"city": "Basel"}"#];
    assert_eq!(text(HELLO, &forecast), "sunny in Basel, as always\n");
}

#[test]
fn hello_refuses_what_is_wrong_and_says_why() {
    let output = run(HELLO, &["call", "dice_roll", r#"{"count": "six"}"#]);
    assert_eq!(output.status.code(), Some(1));
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("count"), "{told}");
    assert_eq!(
        run(HELLO, &["call", "dice_roll", "six"]).status.code(),
        Some(2)
    );
    assert_eq!(run(HELLO, &["call", "no_such_tool"]).status.code(), Some(2));
}

#[test]
fn connection_speaks_over_its_own_connection() {
    assert_eq!(text(CONNECTION, &["call", "counter_next"]), "1\n");
}

#[test]
fn credentials_has_a_token_for_each_request() {
    let secret = "The cake is in the fridge.\n";
    assert_eq!(text(CREDENTIALS, &["call", "vault_open"]), secret);
}

#[test]
fn ask_asks_a_legacy_client_while_the_call_runs() {
    let mut client = Client::start(ASK);
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": { "elicitation": {}, "sampling": {} },
        "clientInfo": { "name": "test", "version": "1" },
    });
    client.request(1, "initialize", &hello);
    client.send(json!({ "method": "notifications/initialized" }));
    let order = json!({ "name": "order", "arguments": { "cake": "lemon" } });
    let mut message = client.request(2, "tools/call", &order);
    for _ in 0..2 {
        let answer = answer(&message);
        client.send(json!({ "id": message["id"], "result": answer }));
        message = client.receive();
    }
    assert_eq!(message["result"]["content"][0]["text"], CAKE, "{message}");
}

#[test]
fn ask_asks_a_modern_client_by_its_results() {
    let mut client = Client::start(ASK);
    let mut order = json!({
        "name": "order",
        "arguments": { "cake": "lemon" },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": { "elicitation": {}, "sampling": {} },
        },
    });
    for (id, key) in [(1, "details"), (2, "line")] {
        let message = client.request(id, "tools/call", &order);
        let asks = &message["result"];
        assert_eq!(asks["resultType"], "input_required", "{message}");
        order["inputResponses"] = json!({ key: answer(&asks["inputRequests"][key]) });
        order["requestState"] = asks["requestState"].clone();
    }
    let message = client.request(3, "tools/call", &order);
    assert_eq!(message["result"]["content"][0]["text"], CAKE, "{message}");
}

#[test]
fn ask_says_what_the_client_cannot_be_asked() {
    let output = run(ASK, &["call", "order", r#"{"cake": "lemon"}"#]);
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("elicitation"), "{stderr}");
}
