//! Children that are trees of processes, and what is left of them.

use std::fs;

use serde_json::{Value, json};

use crate::peers::{binary, python};
use crate::scripted::basic;

/// The variable that all processes of a run have in their environment.
const RUN: &str = "MCPC_RUN";

/// Depth 4, with a member that has left the group, and one that has left it and whose parent has ended.
const SHELLS: &str = r#"
setsid sleep 1000 &
(setsid sleep 1000 &)
sh -c 'sh -c "sleep 1000 & sleep 1000; :" & "$0" "$1"; :' "$0" "$1"; :
"#;

/// The same from another language: a member in a session of its own, and a daemon as the books have it.
const PYTHON: &str = r#"
import os, subprocess, sys
subprocess.Popen(["sleep", "1000"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "1000"])
    os._exit(0)
os.wait()
sys.exit(subprocess.call(sys.argv[1:]))
"#;

/// Hears neither the end of its stdin nor any signal that can be ignored.
const STUBBORN: &str = r#"
trap '' TERM INT HUP
setsid sleep 1000 &
sleep 1000 &
"$0" "$1"
while :; do sleep 1000; done
"#;

/// A child that is a tree of shells around a scripted one.
pub fn shells(run: &str, script: &Value) -> Value {
    of_shell(SHELLS, run, script)
}

/// A child that is a tree as well, and does not end when it is told to.
pub fn stubborn(run: &str, script: &Value) -> Value {
    of_shell(STUBBORN, run, script)
}

/// A child that a shell script starts: `"$0" "$1"` is the scripted one.
pub fn of_shell(shell: &str, run: &str, script: &Value) -> Value {
    json!({
        "command": "/bin/sh",
        "args": ["-c", shell, binary("scripted_child"), script.to_string()],
        "env": { RUN: run },
    })
}

/// A child that a Python program starts, which makes daemons first.
pub fn pythons(run: &str, script: &Value) -> Value {
    json!({
        "command": python(),
        "args": ["-c", PYTHON, binary("scripted_child"), script.to_string()],
        "env": { RUN: run },
    })
}

/// The script of these children: `echo`, and `wait`, which takes until it is cancelled.
pub fn waiting() -> Value {
    basic(json!({
        "tools": [crate::scripted::tool("wait")],
        "calls": { "wait": { "steps": ["until_cancelled"] } },
    }))
}

/// The processes of a run, wherever they stand now.
pub fn members(run: &str) -> Vec<u32> {
    let mark = format!("{RUN}={run}");
    let folder = fs::read_dir("/proc").expect("Linux has /proc");
    folder
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|entry| entry == mark.as_bytes())
            })
        })
        .collect()
}

/// The name of a run that no other has.
pub fn run(name: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{}-{number}", std::process::id())
}
