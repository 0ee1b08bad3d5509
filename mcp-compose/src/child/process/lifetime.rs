//! How a process ends: watched to its end, or ended with everything that it started.

use std::collections::VecDeque;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Tree;
use crate::wire::peer::{Peer, lock};

/// How long its group may take to end after SIGTERM.
const TERM_GRACE: Duration = Duration::from_secs(3);
/// How long it may take to end once it was killed. One that the system itself holds up takes longer.
const KILL_GRACE: Duration = Duration::from_secs(1);
/// How long what it wrote before its end may take to be read.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// As [`LAST_ANSWERS`], for stderr.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A process that runs, and what speaks with it.
pub(in crate::child) struct Lifetime {
    pub(in crate::child) peer: Arc<Peer>,
    /// It is to end.
    pub(in crate::child) stop: CancellationToken,
    /// It has ended, and all that it started.
    pub(in crate::child) ended: CancellationToken,
    pub(in crate::child) stderr: Arc<Mutex<VecDeque<String>>>,
    /// How long it may take to end by itself once its stdin is closed.
    pub(in crate::child) grace: Duration,
    pub(in crate::child) reading: JoinHandle<()>,
    pub(in crate::child) writing: JoinHandle<()>,
    /// `None`: its stderr does not come here.
    pub(in crate::child) draining: Option<JoinHandle<()>>,
}

impl Lifetime {
    /// Watches the process to its end, then ends what it started, and the peer.
    pub(in crate::child) async fn run(mut self, mut tree: Tree) {
        // However this ends, whoever waits for it learns that.
        let _ended = self.ended.clone().drop_guard();
        let mut read_to_end = false;
        let exited = tokio::select! {
            status = tree.wait() => Some(status),
            _ = &mut self.reading => { read_to_end = true; None }
            () = self.stop.cancelled() => None,
        };
        let (status, seen) = match exited {
            Some(status) => (status, Default::default()),
            None => {
                let seen = tree.look().await;
                (self.end(&mut tree).await, seen)
            }
        };
        // What the leader started and left behind ends too. Nobody waits for that but the pipes which
        // it may hold.
        let finishing = tokio::spawn(tree.finish(seen));
        if !read_to_end {
            // Answers that were written before the end still count.
            let _ = timeout(LAST_ANSWERS, &mut self.reading).await;
            self.reading.abort();
        }
        self.writing.abort();
        if let Some(mut draining) = self.draining.take() {
            let _ = timeout(LAST_WORDS, &mut draining).await;
            draining.abort();
        }
        self.peer.end(&self.reason(status));
        let _ = finishing.await;
    }

    /// The kill ladder: close stdin, SIGTERM to the group, SIGKILL to the group.
    async fn end(&self, tree: &mut Tree) -> Option<ExitStatus> {
        // Only our own process is waited for: what it leaves behind is killed then.
        self.peer.link().close();
        if let Ok(status) = timeout(self.grace, tree.wait()).await {
            return status;
        }
        tree.terminate();
        if let Ok(status) = timeout(TERM_GRACE, tree.wait()).await {
            return status;
        }
        tree.kill();
        timeout(KILL_GRACE, tree.wait()).await.ok().flatten()
    }

    fn reason(&self, status: Option<ExitStatus>) -> String {
        match status {
            _ if self.stop.is_cancelled() => "it was stopped".to_owned(),
            Some(status) => {
                let last = lock(&self.stderr)
                    .back()
                    .map(|line| format!(": {line}"))
                    .unwrap_or_default();
                format!("it exited ({}){last}", describe(status))
            }
            None => "its end could not be observed".to_owned(),
        }
    }
}

fn describe(status: ExitStatus) -> String {
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
