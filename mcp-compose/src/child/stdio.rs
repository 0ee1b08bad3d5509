//! Children that are processes, spoken to over their stdin and stdout.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::StdioSpec;
use super::instance::Opened;
pub(crate) use super::process::Process;
use super::process::{Lifetime, spawn};
use crate::wire::lines::{Line, LineLink, LineReader};
use crate::wire::message::Incoming;
use crate::wire::peer::{Cause, Handler, Peer, lock};

/// Lines of a child's stderr that are kept.
const STDERR_LINES: usize = 50;
/// Longest stderr line that is kept whole.
const STDERR_LINE: usize = 8 * 1024;
/// Messages longer than this are parsed on the blocking pool, so that they hold up nobody else.
const PARSE_INLINE: usize = 1024 * 1024;

/// Starts the process and speaks with it.
pub(crate) async fn open(
    spec: &StdioSpec,
    label: &str,
    max_message: usize,
    handler: Arc<dyn Handler>,
) -> Result<Opened, String> {
    let mut tree = spawn(spec).await?;
    let (Some(stdin), Some(stdout), stderr) = tree.streams() else {
        return Err("its standard streams are missing".to_owned());
    };
    let link = LineLink::new();
    let peer = Peer::new(Box::new(link.clone()), handler);
    let tail = Arc::default();
    let draining = stderr.map(|stderr| {
        let (tail, name) = (Arc::clone(&tail), label.to_owned());
        tokio::spawn(async move { drain_stderr(stderr, &name, &tail).await })
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
