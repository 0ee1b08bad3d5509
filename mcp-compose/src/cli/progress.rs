//! What a person sees on stderr while children start: a line for each of them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::shown;
use crate::child::listing::Kind;
use crate::child::supervisor::{Child, Phase};
use crate::gateway::Gateway;
use crate::wire::peer::lock;

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// The lines on the terminal now, which other output must not tear apart.
static LINES: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Does the work, and shows meanwhile how each child is getting on, if stderr is a terminal. Elsewhere the log says it.
/// The lines go when the work is done. Children of this process are ready at once and get no line.
pub(super) async fn while_starting<F: Future>(children: &[Arc<Child>], work: F) -> F::Output {
    if !super::terminal::is_lively(&io::stderr()) {
        return work.await;
    }
    let lines = Lines::begin();
    let followed = lines.follow(children);
    tokio::pin!(work, followed);
    tokio::select! {
        biased;
        _ = &mut followed => work.await,
        done = &mut work => done,
    }
}

/// Shows how each child of what is served is getting on, if stderr is a terminal. What came of each stays.
pub(super) fn of_served(gateway: Arc<Gateway>) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        if !super::terminal::is_lively(&io::stderr()) {
            return;
        }
        // A lazy child is started by whoever wants it.
        let children = gateway.children();
        let started = children.iter().filter(|child| !child.spec.options.lazy);
        let started: Vec<_> = started.cloned().collect();
        let lines = Lines::begin();
        let outcomes = lines.follow(&started).await;
        drop(lines);
        for outcome in outcomes {
            let _ = writeln!(io::stderr(), "{outcome}");
        }
    })
}

/// Follows a child's start to its end.
async fn follow(child: &Child, line: ProgressBar) -> String {
    let began = Instant::now();
    line.set_message("starting ..");
    line.enable_steady_tick(TURN);
    child.settled().await;
    let outcome = outcome(child, began.elapsed());
    line.finish_with_message(outcome.clone());
    format!("{}: {outcome}", shown::line(&child.label))
}

/// How a start has ended.
fn outcome(child: &Child, took: Duration) -> String {
    match child.phase() {
        Phase::Idle | Phase::Starting => "starting ..".to_owned(),
        Phase::Ready | Phase::Asleep => {
            let listing = child.listing();
            let counts = Kind::ALL.map(|kind| (listing.of(kind).len(), kind.noun()));
            ready(&counts, took)
        }
        Phase::Down { reason, .. } | Phase::Parked { reason, .. } | Phase::Stopped { reason } => {
            format!("down: {}", shown::line(&reason))
        }
    }
}

/// `14 tools, 1 prompt, 1.2 s`
fn ready(counts: &[(usize, &str)], took: Duration) -> String {
    let listed = counts.iter().filter(|(count, _)| *count > 0);
    let listed = listed.map(|&(count, noun)| shown::count(count, noun));
    let mut parts: Vec<_> = listed.collect();
    if parts.is_empty() {
        parts.push("offers nothing".to_owned());
    }
    parts.push(format!("{:.1} s", took.as_secs_f64()));
    parts.join(", ")
}

/// The lines, until they are dropped.
struct Lines(MultiProgress);

impl Lines {
    fn begin() -> Self {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        *lock(&LINES) = Some(lines.clone());
        Self(lines)
    }

    /// Follows each start, and gives what came of it.
    async fn follow(&self, children: &[Arc<Child>]) -> Vec<String> {
        let others = children.iter().filter(|child| !child.is_local());
        join_all(others.map(|child| follow(child, self.add(&child.label)))).await
    }

    fn add(&self, label: &str) -> ProgressBar {
        let style = ProgressStyle::with_template("{prefix}: {msg} {spinner}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let line = self.0.add(ProgressBar::new_spinner());
        line.set_style(style.tick_chars("|/-\\ "));
        line.set_prefix(shown::line(label));
        line
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        *lock(&LINES) = None;
        // The result says it all. A terminal that is gone needs no clearing.
        let _ = self.0.clear();
    }
}

/// stderr, for whatever else is written while lines may be on it: the log.
#[derive(Debug, Default)]
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let lines = lock(&LINES).clone();
        match lines {
            Some(lines) => lines.suspend(|| io::stderr().write(bytes)),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_told_with_what_came_of_it() {
        let took = Duration::from_millis(1_240);
        let counts = [(14, "tool"), (1, "prompt"), (0, "resource")];
        assert_eq!(ready(&counts, took), "14 tools, 1 prompt, 1.2 s");
        assert_eq!(ready(&[(0, "tool")], took), "offers nothing, 1.2 s");
    }
}
