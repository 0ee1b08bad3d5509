//! Ends our children when we were killed and could not.
//!
//! Linux kills the processes that we started ourselves, and theirs live on. So a shell waits at a
//! pipe for our end, however it comes about, and kills the groups that we told it, and what bears
//! our mark. It is no child of ours and in a session of its own, so that nothing that is meant for
//! us reaches it, and it ends with us. Where there is no shell, only the processes that we started
//! ourselves are killed with us.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::{ChildStdin, Command, Stdio};

use rustix::process::Pid;

use super::unix::Leader;
use super::{bind, mark};

/// What the shell does.
const SCRIPT: &str = include_str!("guardian.sh");
/// What its environment says, so that a tree that it stands in by accident is not ended with it.
pub(super) const VARIABLE: &str = "MCP_COMPOSE_GUARDIAN";

/// The guardian, as its owner knows it.
#[derive(Debug, Default)]
pub(super) struct Guardian {
    /// The pipe that it waits at.
    pipe: Option<ChildStdin>,
    /// There is no shell.
    impossible: bool,
    /// Groups that run, and when their leaders were started.
    groups: BTreeMap<i32, u64>,
}

impl Guardian {
    /// Starts it, unless it runs.
    pub(super) fn stand(&mut self) {
        if self.pipe.is_some() || self.impossible {
            return;
        }
        match start() {
            Ok(pipe) => self.pipe = Some(pipe),
            Err(error) => {
                self.impossible = true;
                tracing::debug!(%error, "no shell will end what a killed program leaves behind");
                return;
            }
        }
        let known = std::mem::take(&mut self.groups);
        for (group, since) in &known {
            self.tell(&format!("+ {group} {since}\n"));
        }
        self.groups = known;
    }

    /// A group runs.
    pub(super) fn watch(&mut self, leader: Leader) {
        let group = leader.pid.as_raw_nonzero().get();
        self.tell(&format!("+ {group} {}\n", leader.since));
        self.groups.insert(group, leader.since);
    }

    /// A group has ended.
    pub(super) fn forget(&mut self, group: Pid) {
        let group = group.as_raw_nonzero().get();
        if self.groups.remove(&group).is_some() {
            self.tell(&format!("- {group}\n"));
        }
    }

    /// Writes a line, which is short enough to go out whole or not at all. The pipe does not block:
    /// a guardian that was stopped must not stop us. What it misses it finds by the mark, and a group
    /// that has ended it knows by the time of its start. Closing the pipe would tell it that we have
    /// ended, so that is done only when nobody is there to read it.
    fn tell(&mut self, line: &str) {
        let told = match &mut self.pipe {
            Some(pipe) => pipe.write_all(line.as_bytes()),
            None => return,
        };
        if told.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.pipe = None;
        }
    }
}

fn start() -> io::Result<ChildStdin> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", SCRIPT, "mcp-guardian"])
        .arg(format!("{}={}:", mark::VARIABLE, mark::run()))
        .env_clear()
        .env(
            "PATH",
            std::env::var_os("PATH").unwrap_or("/usr/bin:/bin".into()),
        )
        .env(VARIABLE, "1")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    bind::to_nobody(&mut command);
    let mut shell = command.spawn()?;
    let pipe = shell.stdin.take();
    // It goes on in the background, and this one ends at once.
    let status = shell.wait()?;
    let pipe = pipe.filter(|_| status.success());
    let pipe = pipe.ok_or_else(|| io::Error::other(format!("the shell ended: {status}")))?;
    rustix::io::ioctl_fionbio(&pipe, true)?;
    Ok(pipe)
}
