//! The terminal at which a person answers what a child asks.

use std::future::Future;
use std::io::{self, BufRead, IsTerminal, Read, Write};

use tokio::task::JoinHandle;

/// No terminal hands over a longer line, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// Whether a stream is a terminal on which colours may be used: <https://no-color.org>.
pub(super) fn has_colours(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && is_lively(stream)
}

/// Whether a stream is a terminal that knows more than lines.
pub(super) fn is_lively(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Where a person is asked.
pub(super) trait Terminal {
    /// Shows text; what came from a child has been made harmless before.
    fn show(&mut self, text: &str);

    /// The next line that the person types, without its end; `None` when they end the input
    /// (Ctrl-D). Dropping the future gives the question up.
    fn line(&mut self) -> impl Future<Output = Option<String>>;
}

impl<T: Terminal> Terminal for &mut T {
    fn show(&mut self, text: &str) {
        T::show(self, text);
    }

    fn line(&mut self) -> impl Future<Output = Option<String>> {
        T::line(self)
    }
}

/// The terminal of this process: stdin and stderr, as stdout is for the result.
#[derive(Debug)]
pub(super) struct Console {
    /// A read that has begun; nothing can take it back.
    reading: Option<JoinHandle<io::Result<Option<String>>>>,
}

impl Console {
    /// The terminal, if there is one.
    pub(super) fn of_process() -> Option<Self> {
        let there = io::stdin().is_terminal() && io::stderr().is_terminal();
        there.then_some(Console { reading: None })
    }

    async fn read(&mut self) -> Option<String> {
        let reading = self
            .reading
            .get_or_insert_with(|| tokio::task::spawn_blocking(read_line));
        let line = reading.await;
        self.reading = None;
        line.ok()?.ok()?
    }
}

impl Terminal for Console {
    fn show(&mut self, text: &str) {
        let mut stderr = io::stderr();
        // A terminal that is gone ends the input as well.
        let _ = stderr.write_all(text.as_bytes());
        let _ = stderr.flush();
    }

    async fn line(&mut self) -> Option<String> {
        if self.reading.is_some() {
            // What is typed into a question that was withdrawn must not answer the next one.
            self.show("(press Enter first: the line begun above answers nothing) ");
            self.read().await;
        }
        self.read().await
    }
}

fn read_line() -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = io::stdin().lock().take(MAX_LINE).read_line(&mut line)?;
    let text = line.trim_end_matches(['\n', '\r']);
    Ok((read > 0).then(|| text.to_owned()))
}

/// A person who types what was written down before, then what the test hands them, and then ends the
/// input.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) lines: std::collections::VecDeque<String>,
    pub(super) shown: String,
    pub(super) handed: Option<tokio::sync::mpsc::UnboundedReceiver<String>>,
}

#[cfg(test)]
impl Script {
    pub(super) fn of(lines: &[&str]) -> Self {
        Script {
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
            ..Script::default()
        }
    }
}

#[cfg(test)]
impl Terminal for Script {
    fn show(&mut self, text: &str) {
        self.shown.push_str(text);
    }

    async fn line(&mut self) -> Option<String> {
        let line = match (self.lines.pop_front(), &mut self.handed) {
            (Some(line), _) => line,
            (None, Some(handed)) => handed.recv().await?,
            (None, None) => return None,
        };
        // What a person types ends in a line end on the screen.
        self.shown.push_str(&format!("{line}\n"));
        Some(line)
    }
}
