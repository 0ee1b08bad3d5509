//! Children that are processes, spoken to over their stdin and stdout.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::StdioSpec;
use super::instance::Opened;
use super::last_words::Secrets;
use super::not_started::NotStarted;
pub(crate) use super::process::Process;
use super::process::{Lifetime, spawn};
use crate::wire::lines::{Bounds, Line, LineLink, LineReader, Whose};
use crate::wire::message::Incoming;
use crate::wire::peer::{Cause, Handler, Peer, lock};

/// Lines of a child's stderr that are kept.
const STDERR_LINES: usize = 50;
/// Bytes of it that are kept.
const STDERR_BYTES: usize = 256 * 1024;
/// Longest stderr line that is kept whole.
const STDERR_LINE: usize = 8 * 1024;
/// Lines of stderr within a second that go to our own log.
const STDERR_LOGGED: u32 = 200;
/// Under which target they do, so that they can be asked for by themselves.
const STDERR: &str = "mcp_compose::stderr";
/// Lines that are no message, of one session, that the log shows.
const SHOWN: usize = 3;
/// Bytes that it shows of each.
const SHOWN_BYTES: usize = 200;
/// A line of so many times the allowed length, and of no fewer bytes than this, is taken to have no end.
const ENDLESS: (u64, u64) = (8, 1024 * 1024);
/// Messages after which others get their turn, however much more is there to read.
const TURN: u32 = 64;
/// Messages longer than this are parsed on the blocking pool, so that they hold up nobody else.
const PARSE_INLINE: usize = 1024 * 1024;

/// Starts the process and speaks with it.
pub(crate) async fn open(
    spec: &StdioSpec,
    label: &str,
    max_message: usize,
    handler: Arc<dyn Handler>,
) -> Result<Opened, NotStarted> {
    let mut tree = spawn(spec).await?;
    let streams = tree.streams();
    let (Some(stdin), Some(stdout), stderr) =
        streams.map_err(|error| format!("its standard streams are of no use: {error}"))?
    else {
        return Err("its standard streams are missing".into());
    };
    let link = LineLink::new(Bounds::CHILD);
    let peer = Peer::new(Box::new(link.clone()), handler);
    let tail = Arc::default();
    let draining = stderr.map(|stderr| {
        let (tail, name) = (Arc::clone(&tail), label.to_owned());
        let secrets = Secrets::of(spec);
        tokio::spawn(async move { drain_stderr(stderr, &name, &secrets, &tail).await })
    });
    let writing = {
        let peer = Arc::clone(&peer);
        tokio::spawn(async move { write(link, stdin, &peer).await })
    };
    let reading = {
        let (peer, name) = (Arc::clone(&peer), label.to_owned());
        tokio::spawn(async move { read(stdout, &name, max_message, &peer).await })
    };
    let lifetime = Lifetime {
        peer: Arc::clone(&peer),
        stop: CancellationToken::new(),
        ended: CancellationToken::new(),
        stderr: tail,
        grace: spec.grace,
        reading,
        writing,
        draining,
    };
    let process = Process::of(&lifetime);
    tokio::spawn(lifetime.run(tree));
    Ok(Opened {
        peer,
        process: Some(process),
        greeted: None,
    })
}

/// Writes to the child's stdin until the link is closed or the child no longer reads.
async fn write(link: LineLink, stdin: impl tokio::io::AsyncWrite + Unpin, peer: &Peer) {
    // That its end is closed shows in its own end, which says more.
    if let Err(error) = link.write_to(stdin).await
        && error.kind() == std::io::ErrorKind::TimedOut
    {
        let reason = "it has stopped reading its stdin";
        peer.fail_calls(Cause::Timeout, reason);
        peer.end(reason);
    }
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
    secrets: &Secrets,
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
            Line::Text(text) => secrets.kept_from(&text).into_owned(),
            Line::NotText(_) => "(not text)".to_owned(),
            Line::TooLong(line) => format!("(a line of {} bytes)", line.length),
            Line::Endless => continue,
        };
        if let Some(left_out) = pace.allows() {
            tell_left_out(label, left_out);
            tracing::debug!(target: STDERR, child = label, line = text, "stderr");
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
    tell_left_out(label, pace.left_out);
}

fn tell_left_out(label: &str, left_out: u64) {
    if left_out > 0 {
        tracing::debug!(target: STDERR, child = label, left_out, "lines of its stderr are left out");
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
