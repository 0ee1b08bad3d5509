//! Children that are processes: started, watched, and ended with everything that they started.

mod lifetime;
mod spawn;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::wire::peer::lock;
pub(super) use lifetime::Lifetime;
pub(super) use spawn::{spawn, stderr};

/// A spawned process and what it last wrote to stderr.
#[derive(Debug)]
pub(crate) struct Process {
    pub(super) stop: CancellationToken,
    pub(super) ended: CancellationToken,
    pub(super) stderr: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Asks the process to end, and kills its whole group when it does not.
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
