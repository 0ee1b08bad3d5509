//! Children that are programs.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use mcp_compose_tests::aggregator::Config;
use mcp_compose_tests::scripted::{basic, scripted, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bed::{check, check_all, compare, doctor, without};

/// A program for a machine that no test runs on.
pub(super) fn foreign(folder: &TempDir) -> PathBuf {
    let mut head = b"\x7fELF\x02\x02\x01".to_vec();
    head.resize(18, 0);
    // In the byte order that the fifth byte tells: s390x.
    head.extend(22_u16.to_be_bytes());
    head.resize(64, 0);
    let path = folder.path().join("server");
    std::fs::write(&path, head).expect("the file can be written");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("the file is ours");
    path
}

pub(super) fn crash() -> Value {
    let script = r#"echo "connecting" >&2; echo "cannot reach $DB_URL" >&2; exit 3"#;
    let env = json!({ "DB_URL": "postgres://user:hunter2@db" });
    json!({ "command": "/bin/sh", "args": ["-c", script], "env": env })
}

pub(super) fn with(mut entry: Value, more: &Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    entry.as_object_mut().expect("an object").extend(more);
    entry
}

pub(super) fn hang() -> Value {
    let limits = json!({ "initTimeout": 1, "grace": 0.1 });
    with(scripted(json!({ "silent": true })), &limits)
}

pub(super) fn noise() -> Value {
    let lines = ["Listening for requests ..", "Loaded 3 plugins"];
    scripted(basic(json!({ "noise": lines })))
}

pub(super) fn bad_schemas() -> Value {
    let schema = |name: &str, schema: Value| json!({ "name": name, "inputSchema": schema });
    scripted(json!({ "tools": [
        schema("typo", json!({ "type": "object", "properties": { "a": { "type": "strin" } } })),
        schema("text", json!("none")),
        schema("nullable", json!({ "type": "object", "properties": { "a": { "type": "string", "nullable": true } } })),
        schema("lists", json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } } })),
        schema("union", json!({ "type": "object", "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] })),
        schema("refers", json!({
            "type": "object", "properties": { "a": { "$ref": "#/$defs/a" } }, "$defs": { "a": { "type": "string" } },
        })),
    ] }))
}

pub(super) fn duplicates() -> Value {
    scripted(json!({ "tools": [tool("query"), tool("query"), tool("list")] }))
}

pub(super) fn long_names() -> Value {
    let long = format!("list_{}", "very_".repeat(12));
    let middling = "list_customer_invoice_lines_by_identifier_v2";
    scripted(json!({ "tools": [tool(&long), tool(middling), tool("query")] }))
}

pub(super) fn missing_variable() -> Value {
    let env = json!({ "TOKEN": "${DOCTOR_NO_SUCH_TOKEN}" });
    with(scripted(basic(json!({}))), &json!({ "env": env }))
}

pub(super) fn slow() -> Value {
    scripted(basic(json!({ "start_ms": 6_000 })))
}

pub(super) fn modern_only() -> Value {
    let modern = scripted(basic(json!({ "era": "modern" })));
    with(modern, &json!({ "era": "legacy" }))
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    check(
        "missing_program",
        1,
        json!({ "command": "no-such-program-anywhere" }),
    )
    .await;
}

#[tokio::test]
async fn a_program_for_another_machine() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = Config::new().child("sick", json!({ "command": foreign(&folder) }));
    let seen = doctor(&config, &[]).await;
    compare("foreign_program", &without(&seen.stdout, folder.path()));
    assert_eq!(seen.code, Some(1));
}

#[tokio::test]
async fn a_program_that_ends_at_its_start_shows_its_last_words_and_no_secret() {
    check("crash", 1, crash()).await;
}

#[tokio::test]
async fn a_program_that_hangs() {
    check("hang", 1, hang()).await;
}

#[tokio::test]
async fn a_program_that_prints_to_stdout() {
    check("noise", 0, noise()).await;
}

#[tokio::test]
async fn schemas_that_clients_refuse() {
    check("schemas", 1, bad_schemas()).await;
}

#[tokio::test]
async fn a_tool_that_is_listed_twice() {
    check("duplicates", 0, duplicates()).await;
}

#[tokio::test]
async fn a_tool_that_another_child_has() {
    let tools = json!({ "tools": [tool("list")] });
    let child = || with(scripted(&tools), &json!({ "prefix": "never" }));
    let config = Config::new()
        .child("first", child())
        .child("second", child());
    check_all("collision", 0, &config).await;
}

#[tokio::test]
async fn names_that_are_too_long() {
    check("long_names", 0, long_names()).await;
}

#[tokio::test]
async fn a_variable_that_is_not_set_costs_one_child() {
    let config = Config::new()
        .child("sick", missing_variable())
        .child("well", scripted(basic(json!({}))));
    check_all("missing_variable", 1, &config).await;
}

#[tokio::test]
async fn a_variable_that_is_empty() {
    let env = json!({ "TOKEN": "", "REGION": "hunter2" });
    let child = with(scripted(basic(json!({}))), &json!({ "env": env }));
    check("empty_variable", 0, child).await;
}

#[tokio::test]
async fn a_program_that_is_slow() {
    check("slow", 0, slow()).await;
}

#[tokio::test]
async fn a_modern_program_that_is_declared_to_be_legacy() {
    check("modern_only", 1, modern_only()).await;
}

#[tokio::test]
async fn a_modern_program_is_as_good_as_any() {
    let child = scripted(basic(json!({ "era": "modern" })));
    check("modern", 0, child).await;
}
