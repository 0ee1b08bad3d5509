//! What a process is given of ours, where it writes, and how it ends.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Weak;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::mark::VARIABLE;
use super::*;
use crate::child::handler::ChildHandler;
use crate::child::{DEFAULT_GRACE, Environment, Stderr, stdio};

fn spec(program: &str, args: &[&str]) -> StdioSpec {
    StdioSpec {
        program: program.into(),
        args: args.iter().map(OsString::from).collect(),
        env: Vec::new(),
        environment: Environment::Minimal,
        cwd: None,
        stderr: Stderr::Log,
        watch: Vec::new(),
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

/// The variables that a process gets, but for the mark that each has.
async fn environment(environment: Environment) -> Vec<String> {
    let spec = StdioSpec {
        environment,
        env: vec![("OURS".into(), crate::compose::Secret::new("set"))],
        ..spec("/usr/bin/env", &[])
    };
    let mut tree = spawn(&spec).await.expect("`env` is there");
    let mut text = String::new();
    let (_, stdout, _) = tree.streams().expect("pipes");
    let mut stdout = stdout.expect("it is piped");
    stdout.read_to_string(&mut text).await.expect("text");
    let mut variables: Vec<_> = text.lines().map(str::to_owned).collect();
    let before = variables.len();
    variables.retain(|line| !line.starts_with(VARIABLE));
    assert_eq!(variables.len() + 1, before, "{text}");
    variables
}

#[tokio::test]
async fn what_a_process_gets_of_our_environment() {
    assert_eq!(environment(Environment::Nothing).await, ["OURS=set"]);
    let has = |all: &[String], name: &str| all.iter().any(|line| line.starts_with(name));
    let minimal = environment(Environment::Minimal).await;
    assert!(has(&minimal, "OURS=set") && has(&minimal, "PATH="));
    // cargo tells tests where their package is.
    assert!(!has(&minimal, "CARGO_MANIFEST_DIR="), "{minimal:?}");
    let whole = environment(Environment::Whole).await;
    assert!(has(&whole, "OURS=set") && has(&whole, "CARGO_MANIFEST_DIR="));
}

#[tokio::test]
async fn where_stderr_goes() {
    let path = scratch("stderr");
    for line in ["one", "two"] {
        let spec = StdioSpec {
            stderr: Stderr::File(path.clone()),
            ..spec("/bin/sh", &["-c", &format!("echo {line} >&2")])
        };
        let mut tree = spawn(&spec).await.expect("a shell");
        assert!(tree.streams().expect("pipes").2.is_none());
        tree.wait().await.expect("it ends");
    }
    let text = std::fs::read_to_string(&path).expect("the file");
    assert_eq!(text, "one\ntwo\n");
    let _ = std::fs::remove_file(path);

    for (to, comes_here) in [
        (Stderr::Log, true),
        (Stderr::Null, false),
        (Stderr::Inherit, false),
    ] {
        let spec = StdioSpec {
            stderr: to,
            ..spec("/bin/sh", &["-c", ":"])
        };
        let mut tree = spawn(&spec).await.expect("a shell");
        assert_eq!(tree.streams().expect("pipes").2.is_some(), comes_here);
        tree.wait().await.expect("it ends");
    }
    let nowhere = StdioSpec {
        stderr: Stderr::File("/no/such/folder/server.log".into()),
        ..spec("/bin/sh", &[])
    };
    let why = spawn(&nowhere).await.expect_err("there is no such folder");
    assert!(
        why.reason
            .starts_with("its stderr cannot go to `/no/such/folder/server.log`: "),
        "{why:?}"
    );
}

async fn open(spec: &StdioSpec) -> crate::child::instance::Opened {
    let handler = ChildHandler::new(Weak::new());
    let opened = stdio::open(spec, "child", 1 << 20, handler);
    opened.await.expect("a shell")
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
    let opened = open(&spec).await;
    opened.process.expect("a process").stop().await;
    let text = std::fs::read_to_string(&path).expect("it came to its end");
    assert_eq!(text, "done\n");
    let _ = std::fs::remove_file(path);
}

/// The guardian, told of a group that runs, of one whose number is another process's now, and of none
/// that a third process belongs to, which bears the mark.
#[cfg(target_os = "linux")]
#[test]
fn d03_the_guardian_ends_what_is_ours_and_nothing_else() {
    use std::io::Write as _;
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};

    let run = format!("guardian-{}", std::process::id());
    let start = |mark: &str| {
        let mut command = std::process::Command::new("sleep");
        command.arg("1000").process_group(0).env(VARIABLE, mark);
        command.spawn().expect("`sleep` is there")
    };
    let (mut told, mut other, mut marked) = (start(""), start(""), start(&format!("{run}:1")));
    let since = |of: &std::process::Child| unix::since(rustix::process::Pid::from_child(of));
    let mut pipe = guardian::start(&format!("{VARIABLE}={run}:")).expect("a shell");
    let lines = [
        format!("+ {} {}", told.id(), since(&told)),
        format!("+ {} {}", other.id(), since(&other) + 1),
        // A group that has ended, and one that never was.
        "+ 1 0".to_owned(),
        "- 1".to_owned(),
        "- 2".to_owned(),
    ];
    for line in lines {
        writeln!(pipe, "{line}").expect("it reads");
    }
    assert!(told.try_wait().expect("ours").is_none(), "we still run");
    drop(pipe);
    assert_eq!(told.wait().expect("ours").signal(), Some(9));
    assert_eq!(marked.wait().expect("ours").signal(), Some(9));
    assert!(other.try_wait().expect("ours").is_none(), "it is not ours");
    other.kill().expect("it runs");
    other.wait().expect("ours");
}

/// Nobody waits for it: it is dropped, and its runtime with it.
#[cfg(target_os = "linux")]
#[test]
fn a29_a_tree_that_is_dropped_is_ended_and_reaped() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let script = "setsid sleep 1000 & (setsid sleep 1000 &) ; echo; wait";
    let (leader, mark, seen) = runtime.block_on(async {
        let mut tree = spawn(&spec("/bin/sh", &["-c", script]))
            .await
            .expect("a shell");
        let (_, stdout, _) = tree.streams().expect("pipes");
        stdout.expect("a pipe").read_u8().await.expect("a line");
        let seen = tree.look().await;
        (tree.leader(), tree.mark().clone(), seen)
    });
    drop(runtime);
    assert_eq!(seen.len(), 3);
    let until = std::time::Instant::now() + Duration::from_secs(30);
    let left = || {
        let listed = std::path::Path::new("/proc").join(leader.pid.to_string());
        unix::find(leader, &mark).len() + usize::from(listed.exists())
    };
    while left() > 0 {
        assert!(std::time::Instant::now() < until, "{} are left", left());
        std::thread::yield_now();
    }
}
