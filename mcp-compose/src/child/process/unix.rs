//! A process and all that it started, on Unix.
//!
//! Processes are started and waited for without the help of tokio: it forgets one whose start meets
//! the end of its runtime, and it reaps one before its group can be ended safely.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, waitid, waitpid,
};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};

use super::mark::{Mark, VARIABLE};
use super::{raw, spawner};

/// Starts a process.
pub(super) async fn start(mut command: Command) -> io::Result<Tree> {
    let mark = Mark::new();
    command.env(VARIABLE, mark.value()).process_group(0);
    raw::bind_to_us(&mut command);
    spawner::start(command, mark).await
}

/// The first process of a tree, and of its group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leader {
    pub(super) pid: Pid,
    /// When it was started, in ticks; 0 where the system does not tell. With it, no other process
    /// can be taken for it.
    pub(super) since: u64,
}

/// A process, and all that it started. Dropping it kills all of it.
#[derive(Debug)]
pub(in crate::child) struct Tree {
    child: Child,
    leader: Leader,
    mark: Mark,
    /// The first process was waited for: its number may be another's.
    reaped: bool,
    /// Nothing is left of it.
    over: bool,
}

impl Tree {
    pub(super) fn new(child: Child, mark: Mark) -> Self {
        let pid = Pid::from_child(&child);
        let leader = Leader {
            pid,
            since: since(pid),
        };
        Self {
            child,
            leader,
            mark,
            reaped: false,
            over: false,
        }
    }

    pub(super) fn leader(&self) -> Leader {
        self.leader
    }

    #[cfg(test)]
    pub(super) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Its standard streams, once.
    pub(in crate::child) fn streams(&mut self) -> io::Result<super::Streams> {
        let child = &mut self.child;
        let stdin = child.stdin.take().map(ChildStdin::from_std).transpose()?;
        let stdout = child.stdout.take().map(ChildStdout::from_std);
        let stderr = child.stderr.take().map(ChildStderr::from_std);
        Ok((stdin, stdout.transpose()?, stderr.transpose()?))
    }

    /// Waits until the first process has ended, whoever still holds its streams, and kills the rest
    /// of its group.
    pub(super) async fn wait(&mut self) -> Option<ExitStatus> {
        let ended = ended(self.leader.pid).await;
        // While nobody has reaped it, its number is not given to another group.
        self.kill();
        self.reaped = true;
        match ended {
            Ok(()) => self.child.wait().ok(),
            // Somebody else in this program has reaped it.
            Err(_) => None,
        }
    }

    /// Tells all of the group to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
        // One that was stopped does not hear it otherwise.
        self.signal(Signal::CONT);
    }

    /// Kills all of the group.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// No such group is the good case.
    fn signal(&self, signal: Signal) {
        if !self.reaped {
            let _ = kill_process_group(self.leader.pid, signal);
        }
    }

    /// Who belongs to it now: those who leave the group, and whose parents then end, could not be
    /// found later if they hide the mark as well.
    pub(super) async fn look(&self) -> Seen {
        let (leader, mark) = (self.leader, self.mark.clone());
        let looked = tokio::task::spawn_blocking(move || find(leader, &mark));
        looked.await.unwrap_or_default()
    }

    /// Kills whoever is left, in the group or out of it.
    pub(super) async fn finish(mut self, seen: Seen) {
        self.kill();
        let (leader, mark) = (self.leader, self.mark.clone());
        let ended = tokio::task::spawn_blocking(move || end(leader, &mark, seen));
        self.over = ended.await.is_ok() && self.reaped;
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if self.over {
            return spawner::over(self.leader.pid);
        }
        self.kill();
        // There may be no runtime any more that could do the rest.
        let (leader, mark, reaped) = (self.leader, self.mark.clone(), self.reaped);
        let rest = move || {
            end(leader, &mark, Seen::default());
            if !reaped {
                let _ = waitpid(Some(leader.pid), WaitOptions::empty());
            }
            spawner::over(leader.pid);
        };
        // Without another thread the group is dead all the same, and those who have left it are the
        // guardian's.
        let _ = std::thread::Builder::new().spawn(rest);
    }
}

/// Waits until a child of ours has ended, and does not reap it.
async fn ended(pid: Pid) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let Ok(process) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
        return raw::readable(process)?.readable().await.map(drop);
    }
    let mut signals = signal(SignalKind::child())?;
    let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while waitid(WaitId::Pid(pid), how)?.is_none() {
        signals.recv().await;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
pub(super) use super::members::{Seen, end, find, since};

/// Elsewhere the group is all that is known of a tree.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::{Leader, Mark, Pid};

    /// Nobody.
    #[derive(Debug, Default)]
    pub(in super::super) struct Seen;

    pub(super) fn since(_pid: Pid) -> u64 {
        0
    }

    pub(super) fn find(_leader: Leader, _mark: &Mark) -> Seen {
        Seen
    }

    pub(super) fn end(_leader: Leader, _mark: &Mark, _seen: Seen) {}
}
#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{Seen, end, find, since};
