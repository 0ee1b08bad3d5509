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
use super::{Environment, Stderr, StdioSpec};
use crate::wire::lines::{Bounds, Line, LineLink, LineReader, Whose};
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
/// Bytes of it that are kept.
const STDERR_BYTES: usize = 256 * 1024;
/// Longest stderr line that is kept whole.
const STDERR_LINE: usize = 8 * 1024;
/// Lines of stderr within a second that go to our own log.
const STDERR_LOGGED: u32 = 200;
/// Lines that are no message, of one session, that the log shows.
const SHOWN: usize = 3;
/// Bytes that it shows of each.
const SHOWN_BYTES: usize = 200;
/// A line of so many times the allowed length, and of no fewer bytes than this, is taken to have no end.
const ENDLESS: (u64, u64) = (8, 1024 * 1024);
/// Messages after which others get their turn, however much more is there to read.
const TURN: u32 = 64;
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
) -> Result<Opened, String> {
    let stderr = stderr(&spec.stderr)?;
    let mut child = spawn(spec, stderr).map_err(|error| {
        let program = spec.program.to_string_lossy();
        match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("`{program}` was not found; is it installed and on PATH?")
            }
            _ => format!("`{program}` cannot be started: {error}"),
        }
    })?;
    let (Some(stdin), Some(stdout)) = (child.stdin().take(), child.stdout().take()) else {
        return Err("its standard streams are missing".to_owned());
    };
    let link = LineLink::new(Bounds::CHILD);
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
    let mut shown = 0;
    let mut taken = 0_u32;
    let endless = (max_message as u64)
        .saturating_mul(ENDLESS.0)
        .max(ENDLESS.1);
    let mut lines = LineReader::new(stdout, max_message).endless_after(endless);
    while let Ok(Some(line)) = lines.next().await {
        taken = taken.wrapping_add(1);
        if taken.is_multiple_of(TURN) {
            tokio::task::yield_now().await;
        }
        let (text, parsed) = match line {
            Line::Text(text) if text.len() > PARSE_INLINE => {
                let copy = text.clone();
                let parsed = tokio::task::spawn_blocking(move || Incoming::parse(&copy)).await;
                (text, parsed.ok().and_then(Result::ok))
            }
            Line::Text(text) => {
                let parsed = Incoming::parse(&text).ok();
                (text, parsed)
            }
            Line::NotText(bytes) => {
                show_junk(label, &bytes, &mut shown);
                peer.misread("");
                continue;
            }
            Line::TooLong(line) => {
                let reason = format!(
                    "its answer has {} bytes, and at most {max_message} are taken; ask for less, or set `max_message` to allow more",
                    line.length
                );
                tracing::warn!(
                    child = label,
                    bytes = line.length,
                    "a message of more than {max_message} bytes is left out"
                );
                match line.whose() {
                    Whose::Answer(id) => peer.fail_call(id, Cause::TooLarge, &reason),
                    Whose::Theirs => {}
                    Whose::Unknown => peer.fail_calls(Cause::TooLarge, &reason),
                }
                continue;
            }
            Line::Endless => {
                let reason =
                    format!("it wrote a line of more than {endless} bytes that has no end");
                tracing::warn!(child = label, "{reason}");
                // Whoever owns the session sees its end and stops the process.
                peer.end_as_broken(&reason);
                return;
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
                show_junk(label, text.as_bytes(), &mut shown);
                peer.misread(&text);
            }
        }
    }
}

/// Shows the first lines of a session that are no messages, with everything escaped that could deceive who reads the log.
fn show_junk(label: &str, line: &[u8], shown: &mut usize) {
    if *shown == SHOWN {
        return;
    }
    *shown += 1;
    let start = &line[..line.len().min(SHOWN_BYTES)];
    let more = if line.len() > SHOWN_BYTES { ".." } else { "" };
    tracing::warn!(
        child = label,
        "it prints to stdout what is no message, and is not answered: {}{more}",
        start.escape_ascii()
    );
}

async fn drain_stderr(
    stderr: impl tokio::io::AsyncRead + Unpin,
    label: &str,
    tail: &Mutex<VecDeque<String>>,
) {
    let mut lines = LineReader::new(stderr, STDERR_LINE);
    let mut kept = 0;
    let mut pace = Pace::default();
    let mut taken = 0_u32;
    while let Ok(Some(line)) = lines.next().await {
        taken = taken.wrapping_add(1);
        if taken.is_multiple_of(TURN) {
            tokio::task::yield_now().await;
        }
        let text = match line {
            Line::Text(text) => text.to_string(),
            Line::NotText(_) => "(not text)".to_owned(),
            Line::TooLong(line) => format!("(a line of {} bytes)", line.length),
            Line::Endless => continue,
        };
        if let Some(left_out) = pace.allows() {
            if left_out > 0 {
                tracing::debug!(
                    child = label,
                    "({left_out} lines of its stderr are left out)"
                );
            }
            tracing::debug!(child = label, "{text}");
        }
        let mut tail = lock(tail);
        kept += text.len();
        tail.push_back(text);
        while tail.len() > STDERR_LINES || kept > STDERR_BYTES {
            let Some(oldest) = tail.pop_front() else {
                break;
            };
            kept -= oldest.len();
        }
    }
}

/// How much of what a child writes to stderr goes to the log.
#[derive(Default)]
struct Pace {
    second: Option<tokio::time::Instant>,
    logged: u32,
    left_out: u64,
}

impl Pace {
    /// Whether another line may be logged, and how many were left out before it.
    fn allows(&mut self) -> Option<u64> {
        let now = tokio::time::Instant::now();
        let began = *self.second.get_or_insert(now);
        if now - began >= Duration::from_secs(1) {
            self.second = Some(now);
            self.logged = 0;
        }
        if self.logged >= STDERR_LOGGED {
            self.left_out += 1;
            return None;
        }
        self.logged += 1;
        Some(std::mem::take(&mut self.left_out))
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
