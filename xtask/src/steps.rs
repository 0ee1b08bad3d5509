//! The steps of the test command.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs that have tests of their own.
const TESTED_PROGRAMS: [&str; 4] = ["testing", "mcp-compose-new", "mcp-compose-bench", "xtask"];

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
        tests.args(["test", "--workspace"]);
    }
    // Each program is linked once more where its own tests are wanted, which takes 100 MB: not those without any.
    tests.args(["--lib", "--test", "*"]);
    for program in TESTED_PROGRAMS {
        tests.args(["--bin", program]);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("target") {
                sources(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }

    #[test]
    fn no_program_with_tests_is_forgotten() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the root");
        let mut looked_at = 0;
        for package in ["examples", "tests", "mcp-compose"] {
            let mut found = Vec::new();
            sources(&root.join(package).join("src"), &mut found);
            for source in found {
                let program = source
                    .parent()
                    .is_some_and(|folder| folder.ends_with("src/bin"));
                if !program && !source.ends_with("mcp-compose/src/main.rs") {
                    continue;
                }
                looked_at += 1;
                let name = source.file_stem().expect("a name").to_string_lossy();
                let text = std::fs::read_to_string(&source).expect("text");
                assert!(
                    !text.contains("#[cfg(test)]") || TESTED_PROGRAMS.contains(&&*name),
                    "the tests in {} are not run",
                    source.display()
                );
            }
        }
        assert!(looked_at > 20, "{looked_at}");
    }
}
