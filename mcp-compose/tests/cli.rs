//! The binary `mcp-compose`, as people and clients start it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A configuration file of the test `name`.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    std::fs::write(&path, text).expect("the file can be written");
    path
}

fn run(config: &Path, args: &[&str]) -> Output {
    let (command, rest) = args.split_first().expect("a command");
    Command::new(env!("CARGO_BIN_EXE_mcp-compose"))
        .arg(command)
        .arg("--config")
        .arg(config)
        .args(rest)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_file_is_refused_with_every_mistake_at_its_place() {
    let config = file(
        "wrong",
        r#"{"mcpServers": {"a": {"command": "x", "argz": []}, "b": {}}}"#,
    );
    for args in [&["serve", "--stdio"][..], &["list"], &["call", "a_x"]] {
        let output = run(&config, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        let told = told(&output);
        assert!(
            told.contains("mcpServers.a.argz: unknown key; did you mean `args`?"),
            "{told}"
        );
        assert!(
            told.contains("mcpServers.b: has neither `command` nor `url`"),
            "{told}"
        );
    }
}

#[test]
fn a_file_that_is_missing_is_named() {
    let output = run(Path::new("no/such/file.json"), &["list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("cannot read no/such/file.json"),
        "{}",
        told(&output)
    );
}

#[test]
fn what_cannot_start_as_a_whole_is_refused() {
    let config = file(
        "twice",
        r#"{"mcpServers": {"My DB": {"command": "x"}, "web": {"url": "ftp://example.com"}, "my-db": {"command": "y"}}}"#,
    );
    let output = run(&config, &["serve", "--stdio"]);
    assert_eq!(output.status.code(), Some(2));
    let told = told(&output);
    assert!(
        told.contains("my-db: the namespace is used twice"),
        "{told}"
    );
    assert!(
        told.contains("web: `ftp://example.com` is not an HTTP URL"),
        "{told}"
    );
}

#[test]
fn a_composition_can_be_a_child_and_ends_with_its_client() {
    let inner = file("inner", r#"{"name": "inner", "mcpServers": {}}"#);
    let program = env!("CARGO_BIN_EXE_mcp-compose").replace('\\', "/");
    let inner = inner.display().to_string().replace('\\', "/");
    let outer = file(
        "outer",
        &format!(
            r#"{{"mcpServers": {{"inner": {{"command": "{program}", "args": ["serve", "--config", "{inner}", "--stdio"]}}}}}}"#
        ),
    );
    let listed = run(&outer, &["list"]);
    assert_eq!(listed.status.code(), Some(0), "{}", told(&listed));
    let expected = "Children (1)\n  inner  ready     offers nothing\n";
    assert_eq!(String::from_utf8_lossy(&listed.stdout), expected);
    let served = run(&outer, &["serve", "--stdio"]);
    assert_eq!(served.status.code(), Some(0), "{}", told(&served));
    assert!(served.stdout.is_empty(), "stdout is the protocol's");
}

#[test]
fn an_address_that_others_reach_is_refused() {
    let config = file("exposed", r#"{"mcpServers": {}}"#);
    let output = run(&config, &["serve", "--http", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("0.0.0.0"), "{}", told(&output));
}
