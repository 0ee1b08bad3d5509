//! Children that are processes: spawned with a minimal environment in a group of their own,
//! spoken to over their stdin and stdout, and ended with everything that they started.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::instance::Opened;
use super::not_started::NotStarted;
use super::{Environment, Stderr, StdioSpec};
use crate::wire::lines::{Line, LineLink, LineReader};
use crate::wire::message::Incoming;
use crate::wire::peer::{Cause, Handler, Peer, lock};

/// Variables of ours that every child gets: what programs need to find their way, and no more.
const INHERITED: [&str; 20] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TERM",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "TZ",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "USERPROFILE",
    "TEMP",
];
/// Lines of a child's stderr that are kept.
const STDERR_LINES: usize = 50;
/// Longest stderr line that is kept whole.
const STDERR_LINE: usize = 8 * 1024;
/// How long its group may take to end after SIGTERM.
const TERM_GRACE: Duration = Duration::from_secs(3);
/// Messages longer than this are parsed on the blocking pool, so that they hold up nobody else.
const PARSE_INLINE: usize = 1024 * 1024;

/// A spawned process and what it last wrote to stderr.
#[derive(Debug)]
pub(crate) struct Process {
    stop: CancellationToken,
    ended: CancellationToken,
    stderr: Arc<Mutex<VecDeque<String>>>,
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

/// Starts the process and speaks with it.
pub(crate) fn open(
    spec: &StdioSpec,
    label: &str,
    max_message: usize,
    handler: Arc<dyn Handler>,
) -> Result<Opened, NotStarted> {
    let stderr = stderr(&spec.stderr)?;
    let mut child = spawn(spec, stderr).map_err(|error| NotStarted::spawning(spec, &error))?;
    let (Some(stdin), Some(stdout)) = (child.stdin().take(), child.stdout().take()) else {
        return Err("its standard streams are missing".into());
    };
    let link = LineLink::new();
    let peer = Peer::new(Box::new(link.clone()), handler);
    let process = Process {
        stop: CancellationToken::new(),
        ended: CancellationToken::new(),
        stderr: Arc::default(),
    };

    let draining = child.stderr().take().map(|stderr| {
        let tail = Arc::clone(&process.stderr);
        let name = label.to_owned();
        tokio::spawn(async move { drain_stderr(stderr, &name, &tail).await })
    });
    // Ends when the link is closed, or with an error when the child no longer reads.
    tokio::spawn(async move {
        let _ = link.write_to(stdin).await;
    });
    let reading = {
        let peer = Arc::clone(&peer);
        let name = label.to_owned();
        tokio::spawn(async move { read(stdout, &name, max_message, &peer).await })
    };
    let lifetime = Lifetime {
        peer: Arc::clone(&peer),
        stop: process.stop.clone(),
        stderr: Arc::clone(&process.stderr),
        grace: spec.grace,
        reading,
        draining,
    };
    let ended = process.ended.clone();
    tokio::spawn(async move {
        lifetime.run(child).await;
        ended.cancel();
    });
    Ok(Opened {
        peer,
        process: Some(process),
        greeted: None,
    })
}

/// Where the process is to write its stderr.
fn stderr(to: &Stderr) -> Result<Stdio, String> {
    Ok(match to {
        Stderr::Log => Stdio::piped(),
        Stderr::Inherit => Stdio::inherit(),
        Stderr::Null => Stdio::null(),
        Stderr::File(path) => {
            let mut options = std::fs::OpenOptions::new();
            let file = options.create(true).append(true).open(path);
            file.map_err(|error| format!("its stderr cannot go to `{}`: {error}", path.display()))?
                .into()
        }
    })
}

fn spawn(spec: &StdioSpec, stderr: Stdio) -> std::io::Result<Box<dyn ChildWrapper>> {
    let mut command = Command::new(&spec.program);
    command.args(&spec.args);
    match spec.environment {
        Environment::Whole => {}
        Environment::Nothing => {
            command.env_clear();
        }
        Environment::Minimal => {
            command.env_clear();
            let kept = INHERITED
                .iter()
                .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
            command.envs(kept);
        }
    }
    command.envs(spec.env.iter().map(|(name, value)| (name, value.expose())));
    if let Some(cwd) = &spec.cwd {
        command.current_dir(cwd);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr);
    let mut wrap = CommandWrap::from(command);
    #[cfg(unix)]
    wrap.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    wrap.wrap(process_wrap::tokio::JobObject);
    wrap.wrap(process_wrap::tokio::KillOnDrop);
    wrap.spawn()
}

/// Reads the child's stdout to its end. What is no message is passed over and never answered: a
/// stray print is not a request.
pub(super) async fn read(
    stdout: impl tokio::io::AsyncRead + Unpin,
    label: &str,
    max_message: usize,
    peer: &Arc<Peer>,
) {
    let mut noise = 0_usize;
    let mut lines = LineReader::new(stdout, max_message);
    while let Ok(Some(line)) = lines.next().await {
        let parsed = match line {
            Line::Text(text) if text.len() > PARSE_INLINE => {
                tokio::task::spawn_blocking(move || Incoming::parse(&text))
                    .await
                    .ok()
                    .and_then(Result::ok)
            }
            Line::Text(text) => Incoming::parse(&text).ok(),
            Line::NotText => None,
            Line::TooLong => {
                // Whose answer it was cannot be told: its id stands where nobody looked.
                let reason = format!(
                    "it sent a message of more than {max_message} bytes (set `max_message` to allow more)"
                );
                tracing::warn!(child = label, "{reason}");
                peer.fail_calls(Cause::TooLarge, &reason);
                continue;
            }
        };
        match parsed {
            Some(Incoming::One(message)) => peer.receive(message, None),
            Some(Incoming::Batch(messages)) => {
                for message in messages.into_iter().flatten() {
                    peer.receive(message, None);
                }
            }
            None => {
                noise += 1;
                if noise == 1 {
                    tracing::warn!(
                        child = label,
                        "it prints to stdout what is no message; such lines are ignored"
                    );
                }
            }
        }
    }
}

async fn drain_stderr(
    stderr: impl tokio::io::AsyncRead + Unpin,
    label: &str,
    tail: &Mutex<VecDeque<String>>,
) {
    let mut lines = LineReader::new(stderr, STDERR_LINE);
    while let Ok(Some(line)) = lines.next().await {
        let text = match line {
            Line::Text(text) => text.to_string(),
            Line::NotText => "(not text)".to_owned(),
            Line::TooLong => "(a very long line)".to_owned(),
        };
        tracing::debug!(child = label, "{text}");
        let mut tail = lock(tail);
        if tail.len() == STDERR_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
    }
}

struct Lifetime {
    peer: Arc<Peer>,
    stop: CancellationToken,
    stderr: Arc<Mutex<VecDeque<String>>>,
    /// How long it may take to end by itself once its stdin is closed.
    grace: Duration,
    reading: tokio::task::JoinHandle<()>,
    /// `None`: its stderr does not come here.
    draining: Option<tokio::task::JoinHandle<()>>,
}

impl Lifetime {
    /// Watches the process to its end, then ends its group and the peer.
    async fn run(self, mut child: Box<dyn ChildWrapper>) {
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

#[cfg(all(test, unix))]
mod tests;
