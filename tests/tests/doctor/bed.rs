//! Runs `doctor`, and compares what it prints with what it should.

use std::path::{Path, PathBuf};

use mcp_compose_tests::aggregator::Config;
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::{binary, workspace};
use serde_json::Value;

/// What came of a run.
pub(super) struct Seen {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// `mcp-compose doctor` with further arguments.
pub(super) async fn doctor(config: &Config, arguments: &[&str]) -> Seen {
    let (mut command, folder) = config.doctor();
    let command = command.args(arguments).kill_on_drop(true);
    let output = patiently("the end of `doctor`", command.output()).await;
    let output = output.expect("it can be started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let plain = |text: String| text.replace(&folder.path().display().to_string(), "CONFIG");
    Seen {
        code: output.status.code(),
        stdout: plain(text(output.stdout)),
        stderr: text(output.stderr),
    }
}

/// Runs `doctor` on one child called `sick`, and compares the report with `expected/NAME.txt`.
pub(super) async fn check(name: &str, code: i32, child: Value) {
    check_all(name, code, &Config::new().child("sick", child)).await;
}

/// As [`check`], with all of a composition.
pub(super) async fn check_all(name: &str, code: i32, config: &Config) {
    let seen = doctor(config, &[]).await;
    compare(name, &normal(&seen.stdout));
    assert_eq!(seen.code, Some(code), "{}", seen.stdout);
    assert_eq!(seen.stderr, "");
}

/// Compares a text with a file.
pub(super) fn compare(name: &str, text: &str) {
    let file = expected().join(format!("{name}.txt"));
    if std::env::var_os("DOCTOR").is_some_and(|how| how == "overwrite") {
        std::fs::write(&file, text).expect("the file can be written");
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, expected, "{}", file.display());
}

fn expected() -> PathBuf {
    workspace().join("tests/tests/doctor/expected")
}

/// Without what differs from run to run: times, ports, folders.
pub(super) fn normal(text: &str) -> String {
    let scripted = binary("scripted_child").display().to_string();
    let text = text.replace(&scripted, "scripted_child");
    let text = text.replace(std::env::consts::ARCH, "THIS-MACHINE");
    let text = after(&text, "127.0.0.1:", "PORT", |c| c.is_ascii_digit());
    let text = after(&text, "localhost:", "PORT", |c| c.is_ascii_digit());
    let is_time = |c: char| c.is_ascii_digit() || c == '.';
    let text = after(&text, "ready in ", "TIME", is_time);
    let text = after(&text, "ready only after ", "TIME", is_time);
    after(&text, ", in ", "TIME", is_time)
}

/// As [`normal`], without a folder of the test's own.
pub(super) fn without(text: &str, folder: &Path) -> String {
    normal(&text.replace(&folder.display().to_string(), "FOLDER"))
}

/// What stands behind each `mark`, as long as it `is` of a kind, is replaced.
fn after(text: &str, mark: &str, by: &str, is: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(&is);
        out.push_str(mark);
        if rest.len() < part.len() {
            out.push_str(by);
        }
        out.push_str(rest);
    }
    out
}
