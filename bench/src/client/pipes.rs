//! A stdio child driven over its own pipes, with several calls in flight: what "direct" means for stdio.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::request::{Era, Request, Work};
use super::response::looks_failed;

/// A running stdio child after its handshake.
#[derive(Debug)]
pub(crate) struct Pipes {
    _child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    next_id: u64,
    output: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    /// How much of `input` is known to hold no line end.
    searched: usize,
}

impl Pipes {
    /// Starts the child and initializes it.
    pub(crate) async fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut pipes = Self {
            stdin: child.stdin.take().context("the child has no stdin")?,
            stdout: child.stdout.take().context("the child has no stdout")?,
            _child: child,
            next_id: 1,
            output: Vec::new(),
            written: 0,
            input: Vec::with_capacity(64 * 1024),
            searched: 0,
        };
        let once = |started: usize, _: Instant| started < 1;
        pipes.drive(&Request::initialize(), 1, once).await?;
        Ok(pipes)
    }

    /// Keeps `in_flight` calls going until the deadline; returns the time of each in nanoseconds.
    pub(crate) async fn round(
        &mut self,
        work: &Work,
        in_flight: usize,
        deadline: Instant,
    ) -> Result<Vec<u64>> {
        let request = match work {
            Work::Once(request) => request,
            // The child lists all its tools in one page.
            Work::List(_) => &Request::list_tools(Era::Legacy, None),
        };
        self.drive(request, in_flight, |_, now| now < deadline)
            .await
    }

    /// Starts calls while `more(started, now)` says so, and ends when all are answered.
    async fn drive(
        &mut self,
        request: &Request,
        in_flight: usize,
        more: impl Fn(usize, Instant) -> bool,
    ) -> Result<Vec<u64>> {
        let mut started = HashMap::with_capacity(in_flight);
        let mut times = Vec::new();
        let mut total = 0;
        loop {
            let now = Instant::now();
            while started.len() < in_flight && more(total, now) {
                request.write(self.next_id, &mut self.output);
                self.output.push(b'\n');
                started.insert(self.next_id, now);
                self.next_id += 1;
                total += 1;
            }
            if started.is_empty() {
                return Ok(times);
            }
            self.transfer().await?;
            let now = Instant::now();
            let mut taken = 0;
            while let Some(end) = self.line_end() {
                let line = &self.input[taken..end];
                if line.len() < request.least_answer || looks_failed(line) {
                    bail!("answered {} bytes", line.len());
                }
                let id = answered_id(line).context("an answer without an id")?;
                let start = started.remove(&id).context("an answer to no call")?;
                times.push(u64::try_from((now - start).as_nanos()).unwrap_or(u64::MAX));
                taken = end + 1;
            }
            self.input.drain(..taken);
            self.searched -= taken;
        }
    }

    /// Writes what is due or reads what is there, whichever can go on: doing one first would dead-lock on full pipes.
    async fn transfer(&mut self) -> Result<()> {
        let due = &self.output[self.written..];
        tokio::select! {
            biased;
            count = self.stdin.write(due), if !due.is_empty() => {
                self.written += count?;
                if self.written == self.output.len() {
                    self.output.clear();
                    self.written = 0;
                }
            }
            count = self.stdout.read_buf(&mut self.input) => {
                if count? == 0 {
                    bail!("the child closed its output");
                }
            }
        }
        Ok(())
    }

    /// The next line end, searching no byte twice.
    fn line_end(&mut self) -> Option<usize> {
        let found = memchr::memchr(b'\n', &self.input[self.searched..]);
        let end = found.map(|at| at + self.searched);
        self.searched = end.map_or(self.input.len(), |end| end + 1);
        end
    }
}

fn answered_id(line: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"\"id\":";
    let start = memchr::memmem::find(line, KEY)? + KEY.len();
    let digits = line[start..].split(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
