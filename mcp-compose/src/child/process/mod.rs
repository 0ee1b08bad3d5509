//! Children that are processes: started, watched, and ended with everything that they started.
//!
//! On Unix each is started by the one thread of `spawner.rs`, in a group of its own. Whoever drops
//! a [`Tree`] ends it, so that no path that starts a process can forget it. What left the group is
//! found by what its environment says (`mark.rs`, `members.rs`; Linux only), and what we can no
//! longer end, since we were killed ourselves, `guardian.rs` ends. All `unsafe` code is in `raw.rs`.
//!
//! Not used, and why: a subreaper would find every member by its parents, but it is a setting of the
//! whole program, whose other children would become ours to wait for. Control groups would need one
//! that is delegated to us, which hardly any user's program has.

#[cfg(unix)]
mod guardian;
mod lifetime;
pub(crate) mod limits;
#[cfg(unix)]
mod mark;
#[cfg(target_os = "linux")]
mod members;
#[cfg(unix)]
mod raw;
mod spawn;
#[cfg(unix)]
mod spawner;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio_util::sync::CancellationToken;

use super::StdioSpec;
use super::not_started::NotStarted;
use crate::wire::peer::lock;
pub(super) use lifetime::Lifetime;
#[cfg(unix)]
use unix::{Tree, start};
#[cfg(windows)]
use windows::{Tree, start};

/// stdin, stdout and stderr of a process, as far as they come here.
type Streams = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

/// A spawned process and what it last wrote to stderr. Dropping it asks the process to end.
#[derive(Debug)]
pub(crate) struct Process {
    stop: CancellationToken,
    ended: CancellationToken,
    stderr: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// The process that `lifetime` is to watch.
    pub(super) fn of(lifetime: &Lifetime) -> Self {
        Self {
            stop: lifetime.stop.clone(),
            ended: lifetime.ended.clone(),
            stderr: Arc::clone(&lifetime.stderr),
        }
    }

    /// Asks the process to end, kills its whole tree when it does not, and waits for that.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.ended.cancelled().await;
    }

    /// As [`Process::stop`], without waiting for the end.
    pub(crate) fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// The last lines that it wrote to stderr.
    pub(crate) fn stderr(&self) -> Vec<String> {
        lock(&self.stderr).iter().cloned().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.begin_stop();
    }
}

/// Starts the process, in a group of its own.
pub(super) async fn spawn(spec: &StdioSpec) -> Result<Tree, NotStarted> {
    #[cfg(unix)]
    if let Some(why) = mark::too_deep() {
        return Err(why);
    }
    let command = spawn::command(spec)?;
    let started = start(command).await;
    started.map_err(|error| NotStarted::spawning(spec, &error))
}

#[cfg(all(test, unix))]
mod tests;
