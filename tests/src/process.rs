//! Processes that end with the test that started them, and whose output can be waited for.

use std::ffi::OsStr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Notify;

use crate::patiently;

/// A running process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stderr: Lines,
}

impl Process {
    /// Starts `command` with pipes. Its standard error is collected.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let name = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|problem| panic!("{name} did not start: {problem}"));
        let stderr = Lines::of(child.stderr.take().expect("stderr is piped"));
        Self {
            name,
            child,
            stderr,
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the process was not waited for")
    }

    /// What it wrote to standard error so far, and will write.
    pub fn stderr(&self) -> &Lines {
        &self.stderr
    }

    /// Its standard input and output, once.
    pub fn pipes(&mut self) -> (ChildStdin, ChildStdout) {
        (
            self.child.stdin.take().expect("taken once"),
            self.child.stdout.take().expect("taken once"),
        )
    }

    /// The first line of standard output that `wanted` accepts.
    pub async fn line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let stdout = self.child.stdout.take().expect("taken once");
        let lines = Lines::of(stdout);
        patiently(&format!("a line of {}", self.name), lines.find(wanted)).await
    }

    /// Sends SIGTERM, and waits until the process has ended.
    pub async fn stop(mut self) -> std::process::ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended().await
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("a pid fits");
        kill(Pid::from_raw(pid), signal).expect("the process can be signalled");
    }

    /// Waits until the process has ended.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        let status = patiently(&format!("{} to end", self.name), self.child.wait()).await;
        status.expect("the process can be waited for")
    }
}

/// Lines of a stream, as they come.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Vec<String>>,
    news: Notify,
}

impl Lines {
    fn of(stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let lines = Self::default();
        let shared = lines.shared.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(stream).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                shared.lines.lock().expect("not poisoned").push(line);
                shared.news.notify_waiters();
            }
        });
        lines
    }

    /// All lines so far.
    pub fn all(&self) -> Vec<String> {
        self.shared.lines.lock().expect("not poisoned").clone()
    }

    /// The first line that `wanted` accepts, now or later.
    pub async fn find(&self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let news = self.shared.news.notified();
            let mut news = std::pin::pin!(news);
            news.as_mut().enable();
            if let Some(line) = self.all().into_iter().find(|line| wanted(line)) {
                return line;
            }
            news.await;
        }
    }
}

/// A command that sees nothing of the test's environment but the search path and the home folder.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", crate::peers::path_with_node());
    for name in ["HOME", "LANG", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
