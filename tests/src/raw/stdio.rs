//! The raw client over the pipes of a process.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::ChildStdin;
use tokio::sync::Mutex;

use super::log::Log;
use crate::process::Process;

#[derive(Debug)]
pub(super) struct Pipe {
    process: Process,
    stdin: Mutex<ChildStdin>,
}

impl Pipe {
    pub(super) fn new(mut process: Process, log: Log) -> Self {
        let (stdin, stdout) = process.pipes();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                log.push(line, None);
            }
        });
        Self {
            process,
            stdin: Mutex::new(stdin),
        }
    }

    pub(super) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    pub(super) async fn send(&self, text: &str) {
        assert!(!text.contains('\n'), "one message is one line");
        let mut stdin = self.stdin.lock().await;
        // A process that ended shows in what the test waits for next.
        let _ = stdin.write_all(format!("{text}\n").as_bytes()).await;
        let _ = stdin.flush().await;
    }

    pub(super) async fn close(self) {
        let Self { mut process, stdin } = self;
        drop(stdin);
        process.ended().await;
    }
}
