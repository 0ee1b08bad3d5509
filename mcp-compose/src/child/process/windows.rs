//! A process and all that it started, on Windows: a job, which ends with us. Not tested.

use std::io;
use std::process::ExitStatus;

use process_wrap::tokio::{ChildWrapper, CommandWrap, JobObject, KillOnDrop};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

/// Starts a process.
pub(super) async fn start(command: Command) -> io::Result<Tree> {
    let mut wrap = CommandWrap::from(command);
    wrap.wrap(JobObject).wrap(KillOnDrop);
    wrap.spawn().map(Tree)
}

/// A process, and all that it started. Dropping it kills all of it.
#[derive(Debug)]
pub(in crate::child) struct Tree(Box<dyn ChildWrapper>);

/// The job knows who belongs to it.
#[derive(Debug, Default)]
pub(super) struct Seen;

impl Tree {
    /// Its standard streams, once.
    pub(in crate::child) fn streams(
        &mut self,
    ) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let child = &mut self.0;
        (
            child.stdin().take(),
            child.stdout().take(),
            child.stderr().take(),
        )
    }

    /// Waits until the process has ended.
    pub(super) async fn wait(&mut self) -> Option<ExitStatus> {
        self.0.wait().await.ok()
    }

    /// There is no asking: the job can only be ended.
    pub(super) fn terminate(&self) {}

    /// What is left of the job ends when it is dropped.
    pub(super) fn kill(&mut self) {
        let _ = self.0.start_kill();
    }

    pub(super) async fn look(&self) -> Seen {
        Seen
    }

    pub(super) async fn finish(mut self, _seen: Seen) {
        self.kill();
    }
}
