//! The examples do what they say, started as people start them.

use std::process::{Command, Output};

use serde_json::Value;

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

const HELLO: &str = env!("CARGO_BIN_EXE_hello");
const LOW_LEVEL: &str = env!("CARGO_BIN_EXE_low_level");

#[test]
fn hello_lists_its_own_and_its_childrens() {
    let list: Value = serde_json::from_str(&text(HELLO, &["list", "--json"])).expect("JSON");
    assert_eq!(
        names(&list, "tools", "name"),
        ["add_note", "dice_roll", "weather_forecast"]
    );
    assert_eq!(
        names(&list, "resources", "uri"),
        ["weather://app://settings"]
    );
    assert_eq!(
        names(&list, "resourceTemplates", "uriTemplate"),
        ["note://{id}"]
    );
    assert_eq!(names(&list, "prompts", "name"), ["plan"]);
}

#[test]
fn hello_calls_tools_of_all_three_kinds() {
    let note: Value =
        serde_json::from_str(&text(HELLO, &["call", "add_note", r#"{"text": "milk"}"#]))
            .expect("JSON");
    assert_eq!(note["text"], "milk");
    let result: Value = serde_json::from_str(&text(
        HELLO,
        &["call", "dice_roll", r#"{"count": 3, "sides": 1}"#, "--json"],
    ))
    .expect("JSON");
    assert_eq!(
        result["structuredContent"]["result"],
        serde_json::json!([1, 1, 1])
    );
    let forecast = text(
        HELLO,
        &[
            "call",
            "weather_forecast",
            r#"{"city": "Basel", "days": 2}"#,
        ],
    );
    let forecast: Value = serde_json::from_str(&forecast).expect("JSON");
    assert_eq!(forecast["temperatures"].as_array().map(Vec::len), Some(2));
}

#[test]
fn hello_refuses_what_is_wrong_and_says_why() {
    let output = run(HELLO, &["call", "dice_roll", r#"{"sides": "six"}"#]);
    assert_eq!(output.status.code(), Some(1));
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("sides"), "{told}");
    assert_eq!(
        run(HELLO, &["call", "dice_roll", "six"]).status.code(),
        Some(2)
    );
    assert_eq!(run(HELLO, &["call", "no_such_tool"]).status.code(), Some(1));
}

#[test]
fn low_level_speaks_over_its_own_connection_and_with_a_token_for_each_request() {
    assert_eq!(text(LOW_LEVEL, &["call", "counter_next"]), "1\n");
    assert_eq!(
        text(LOW_LEVEL, &["call", "vault_open"]),
        "The cake is in the fridge.\n"
    );
}
