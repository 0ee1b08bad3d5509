//! The steps of the test command.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs every check that a change has to pass, in the order in which they fail fastest.
pub(crate) fn test(root: &Path) -> Result<(), String> {
    cargo(root, &["fmt", "--all", "--check"])?;
    cargo(
        root,
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    // The end-to-end tests start binaries of the workspace, so these exist before any test runs.
    cargo(root, &["build", "--workspace", "--bins", "--quiet"])?;
    let traced = ["--features", "otel", "--example", "traced", "--quiet"];
    cargo(
        root,
        &[&["build", "--package", "mcp-compose"], &traced[..]].concat(),
    )?;
    let mut tests = Command::new("cargo");
    if has_nextest(root) {
        tests.args(["nextest", "run", "--workspace"]);
    } else {
        tests.args(["test", "--workspace", "--all-targets"]);
    }
    run(tests
        .arg("--no-fail-fast")
        .env("MCP_COMPOSE_BIN", binary(root, "mcp-compose"))
        .env("MCP_COMPOSE_OTEL_BIN", binary(root, "examples/traced"))
        .current_dir(root))?;
    cargo(root, &["test", "--workspace", "--doc", "--quiet"])?;
    run(Command::new("cargo")
        .args(["doc", "--workspace", "--no-deps", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(root))
}

/// Where cargo has put a binary of the development profile.
pub(crate) fn binary(root: &Path, name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    root.join(target).join("debug").join(file)
}

fn has_nextest(root: &Path) -> bool {
    Command::new("cargo")
        .args(["nextest", "--version"])
        .current_dir(root)
        .output()
        .is_ok_and(|output| output.status.success())
}

pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Result<(), String> {
    run(Command::new("cargo").args(arguments).current_dir(root))
}

/// Runs a command with its output shown; anything but success is an error that names it.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let shown = shown(command);
    eprintln!("> {shown}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` failed: {status}")),
        Err(problem) => Err(format!("`{shown}` did not start: {problem}")),
    }
}

fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
