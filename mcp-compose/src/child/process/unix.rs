//! A process and all that it started, on Unix.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::mark::{Mark, VARIABLE};
use super::{bind, spawner};

/// How long a killed process may take to be gone where nothing can be awaited.
const GONE: Duration = Duration::from_millis(100);

/// Starts a process.
pub(super) async fn start(mut command: Command) -> io::Result<Tree> {
    let mark = Mark::new();
    command
        .env(VARIABLE, mark.value())
        .process_group(0)
        .kill_on_drop(true);
    bind::to_us(&mut command);
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
    /// The process was waited for.
    reaped: bool,
    /// Nothing is left of it.
    over: bool,
}

impl Tree {
    pub(super) fn new(child: Child, mark: Mark) -> io::Result<Self> {
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        let pid = pid.and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("it has no process id"))?;
        let leader = Leader {
            pid,
            since: since(pid),
        };
        Ok(Self {
            child,
            leader,
            mark,
            reaped: false,
            over: false,
        })
    }

    pub(super) fn leader(&self) -> Leader {
        self.leader
    }

    /// Its standard streams, once.
    pub(in crate::child) fn streams(
        &mut self,
    ) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let child = &mut self.child;
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    }

    /// Waits until the first process has ended, whoever still holds its streams.
    pub(super) async fn wait(&mut self) -> Option<ExitStatus> {
        let status = self.child.wait().await.ok();
        self.reaped = true;
        status
    }

    /// Tells all of the group to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
        // One that was stopped does not hear it otherwise.
        self.signal(Signal::CONT);
    }

    /// Kills all of the group. No such group is the good case.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.leader.pid, signal);
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
        self.over = ended.await.is_ok();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if self.over {
            return spawner::over(self.leader.pid);
        }
        if !self.reaped {
            self.kill();
            // Nothing can be awaited here, and no runtime may be left that would reap it. It is dead
            // already, or as good as.
            let until = std::time::Instant::now() + GONE;
            while matches!(self.child.try_wait(), Ok(None)) && std::time::Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let (leader, mark) = (self.leader, self.mark.clone());
        let rest = move || {
            end(leader, &mark, Seen::default());
            spawner::over(leader.pid);
        };
        // Without another thread the group is dead, and those who left it are the guardian's.
        let _ = std::thread::Builder::new().spawn(rest);
    }
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
