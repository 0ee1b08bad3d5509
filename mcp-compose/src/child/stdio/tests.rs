//! What a process is given of ours, and where it writes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Weak;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::super::DEFAULT_GRACE;
use super::super::handler::ChildHandler;
use super::super::{Environment, Stderr};
use super::*;

fn spec(program: &str, args: &[&str]) -> StdioSpec {
    StdioSpec {
        program: program.into(),
        args: args.iter().map(OsString::from).collect(),
        env: Vec::new(),
        environment: Environment::Minimal,
        cwd: None,
        stderr: Stderr::Log,
        grace: DEFAULT_GRACE,
    }
}

/// A file of this test alone, which is not there yet.
fn scratch(name: &str) -> PathBuf {
    let name = format!("mcp-compose-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    path
}

async fn environment(environment: Environment) -> String {
    let spec = StdioSpec {
        environment,
        env: vec![("OURS".into(), crate::compose::Secret::new("set"))],
        ..spec("/usr/bin/env", &[])
    };
    let mut child = spawn(&spec, Stdio::null()).expect("`env` is there");
    let mut text = String::new();
    let mut stdout = child.stdout().take().expect("it is piped");
    stdout.read_to_string(&mut text).await.expect("text");
    text
}

#[tokio::test]
async fn what_a_process_gets_of_our_environment() {
    assert_eq!(environment(Environment::Nothing).await, "OURS=set\n");
    let minimal = environment(Environment::Minimal).await;
    assert!(
        minimal.contains("OURS=set\n") && minimal.contains("PATH="),
        "{minimal}"
    );
    // cargo tells tests where their package is.
    assert!(!minimal.contains("CARGO_MANIFEST_DIR="), "{minimal}");
    let whole = environment(Environment::Whole).await;
    assert!(
        whole.contains("OURS=set\n") && whole.contains("CARGO_MANIFEST_DIR="),
        "{whole}"
    );
}

#[tokio::test]
async fn where_stderr_goes() {
    let path = scratch("stderr");
    let to_file = Stderr::File(path.clone());
    for line in ["one", "two"] {
        let spec = spec("/bin/sh", &["-c", &format!("echo {line} >&2")]);
        let mut child = spawn(&spec, stderr(&to_file).expect("a file")).expect("a shell");
        assert!(child.stderr().is_none());
        child.wait().await.expect("it ends");
    }
    assert_eq!(
        std::fs::read_to_string(&path).expect("the file"),
        "one\ntwo\n"
    );
    let _ = std::fs::remove_file(path);

    for (to, comes_here) in [
        (Stderr::Log, true),
        (Stderr::Null, false),
        (Stderr::Inherit, false),
    ] {
        let to = stderr(&to).expect("no file is needed");
        let mut child = spawn(&spec("/bin/sh", &["-c", ":"]), to).expect("a shell");
        assert_eq!(child.stderr().is_some(), comes_here);
        child.wait().await.expect("it ends");
    }
    let nowhere = Stderr::File("/no/such/folder/server.log".into());
    let why = stderr(&nowhere).expect_err("there is no such folder");
    assert!(
        why.starts_with("its stderr cannot go to `/no/such/folder/server.log`: "),
        "{why}"
    );
}

/// It takes longer than processes usually may, and ends by itself all the same.
#[tokio::test]
async fn a_process_may_take_its_time_to_end() {
    let path = scratch("grace");
    let script = format!("cat > /dev/null; sleep 3; echo done > {}", path.display());
    let spec = StdioSpec {
        grace: Duration::from_secs(3600),
        ..spec("/bin/sh", &["-c", &script])
    };
    let handler = ChildHandler::new(Weak::new());
    let opened = open(&spec, "slow", 1 << 20, handler).expect("a shell");
    opened.process.expect("a process").stop().await;
    assert_eq!(
        std::fs::read_to_string(&path).expect("it came to its end"),
        "done\n"
    );
    let _ = std::fs::remove_file(path);
}
