//! A virtual client over pipes.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::ChildStdin;
use tokio::sync::Mutex;

use super::book::Book;
use crate::process::Process;

#[derive(Debug)]
pub(super) struct Pipe {
    process: Process,
    stdin: Mutex<ChildStdin>,
}

impl Pipe {
    pub(super) fn new(mut process: Process, book: &Arc<Book>) -> Self {
        let (stdin, stdout) = process.pipes();
        let book = Arc::clone(book);
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                book.came(&line, None);
            }
        });
        Self {
            process,
            stdin: Mutex::new(stdin),
        }
    }

    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    pub(super) async fn send(&self, text: &str) {
        let mut stdin = self.stdin.lock().await;
        // A process that ended shows in what the client waits for.
        let _ = stdin.write_all(format!("{text}\n").as_bytes()).await;
        let _ = stdin.flush().await;
    }

    pub(super) async fn close(self) {
        let Self { mut process, stdin } = self;
        drop(stdin);
        process.ended().await;
    }
}
