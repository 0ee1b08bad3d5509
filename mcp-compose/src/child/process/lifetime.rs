//! How a process ends: watched to its end, or ended with everything that it started.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use process_wrap::tokio::ChildWrapper;
use tokio_util::sync::CancellationToken;

use crate::wire::peer::{Peer, lock};

/// How long its group may take to end after SIGTERM.
const TERM_GRACE: Duration = Duration::from_secs(3);

/// A process that runs, and what speaks with it.
pub(in crate::child) struct Lifetime {
    pub(in crate::child) peer: Arc<Peer>,
    pub(in crate::child) stop: CancellationToken,
    pub(in crate::child) stderr: Arc<Mutex<VecDeque<String>>>,
    /// How long it may take to end by itself once its stdin is closed.
    pub(in crate::child) grace: Duration,
    pub(in crate::child) reading: tokio::task::JoinHandle<()>,
    /// `None`: its stderr does not come here.
    pub(in crate::child) draining: Option<tokio::task::JoinHandle<()>>,
}

impl Lifetime {
    /// Watches the process to its end, then ends its group and the peer.
    pub(in crate::child) async fn run(self, mut child: Box<dyn ChildWrapper>) {
        let Self {
            peer,
            stop,
            stderr,
            grace,
            mut reading,
            draining,
        } = self;
        let mut read_to_end = false;
        let status = tokio::select! {
            status = child.wait() => Some(status.ok()),
            _ = &mut reading => { read_to_end = true; None }
            () = stop.cancelled() => None,
        };
        let status = match status {
            Some(status) => status,
            None => end(&mut child, &peer, grace).await,
        };
        // What the leader started and left behind ends too. No such group is the good case.
        signal(&*child, KILL);
        if !read_to_end {
            // Answers that were written before the end still count. A grandchild that holds the
            // pipe was just killed, so that this ends.
            let _ = tokio::time::timeout(Duration::from_secs(1), &mut reading).await;
            reading.abort();
        }
        if let Some(draining) = draining {
            let _ = tokio::time::timeout(Duration::from_millis(200), draining).await;
        }
        let reason = match status {
            _ if stop.is_cancelled() => "it was stopped".to_owned(),
            Some(status) => {
                let last = lock(&stderr)
                    .back()
                    .map(|line| format!(": {line}"))
                    .unwrap_or_default();
                format!("it exited ({}){last}", describe(status))
            }
            None => "its end could not be observed".to_owned(),
        };
        peer.end(&reason);
    }
}

/// The kill ladder: close stdin, SIGTERM to the group, SIGKILL to the group.
async fn end(
    child: &mut Box<dyn ChildWrapper>,
    peer: &Peer,
    grace: Duration,
) -> Option<std::process::ExitStatus> {
    // A daemon that left the group holds nothing up: only our own process is waited for.
    peer.link().close();
    if let Ok(status) = tokio::time::timeout(grace, child.wait()).await {
        return status.ok();
    }
    signal(&**child, TERM);
    if let Ok(status) = tokio::time::timeout(TERM_GRACE, child.wait()).await {
        return status.ok();
    }
    signal(&**child, KILL);
    child.wait().await.ok()
}

#[cfg(unix)]
const TERM: i32 = rustix::process::Signal::TERM.as_raw();
#[cfg(unix)]
const KILL: i32 = rustix::process::Signal::KILL.as_raw();
#[cfg(not(unix))]
const TERM: i32 = 15;
#[cfg(not(unix))]
const KILL: i32 = 9;

fn signal(child: &dyn ChildWrapper, signal: i32) {
    #[cfg(unix)]
    let _ = child.signal(signal);
    #[cfg(not(unix))]
    let _ = (child, signal);
}

fn describe(status: std::process::ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return format!("signal {signal}");
        }
    }
    match status.code() {
        Some(code) => format!("code {code}"),
        None => status.to_string(),
    }
}
