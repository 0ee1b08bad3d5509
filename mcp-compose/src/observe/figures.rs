//! What is counted of the calls of one child, at the cost of a few relaxed additions a call.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use memchr::memmem::Finder;

use crate::wire::{Object, Raw};

/// What is asked of a child, as coarsely as figures may be: clients choose the names of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    CallTool,
    ReadResource,
    GetPrompt,
    Complete,
    /// Any other method.
    Other,
}

impl Operation {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 5] = [
        Self::CallTool,
        Self::ReadResource,
        Self::GetPrompt,
        Self::Complete,
        Self::Other,
    ];

    pub(crate) fn of(method: &str) -> Self {
        match method {
            "tools/call" => Self::CallTool,
            "resources/read" => Self::ReadResource,
            "prompts/get" => Self::GetPrompt,
            "completion/complete" => Self::Complete,
            _ => Self::Other,
        }
    }

    /// Its method, or `other`.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::CallTool => "tools/call",
            Self::ReadResource => "resources/read",
            Self::GetPrompt => "prompts/get",
            Self::Complete => "completion/complete",
            Self::Other => "other",
        }
    }
}

/// How a call of a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With a result.
    Ok,
    /// With a result of a tool that says that it is an error.
    ToolError,
    /// With an error that the child gave.
    Error,
    /// The child, or the way to it, was gone.
    Lost,
    /// There was no answer in time.
    TimedOut,
    /// Nobody wanted the answer any more.
    Cancelled,
    /// It was not sent: the child was not there, or had too much to do.
    Refused,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 7] = [
        Self::Ok,
        Self::ToolError,
        Self::Error,
        Self::Lost,
        Self::TimedOut,
        Self::Cancelled,
        Self::Refused,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ToolError => "tool_error",
            Self::Error => "error",
            Self::Lost => "lost",
            Self::TimedOut => "timeout",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
        }
    }

    /// What a result is counted as.
    pub(crate) fn of_result(operation: Operation, result: &Raw) -> Self {
        if operation == Operation::CallTool && is_tool_error(result) {
            Self::ToolError
        } else {
            Self::Ok
        }
    }
}

/// What the result of a tool that failed has in it, and many another.
static IS_ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"isError\""));

/// Whether the result of a tool says that it is an error.
pub(crate) fn is_tool_error(result: &Raw) -> bool {
    // A quote inside a JSON string is escaped: this finds members only. Most results have none, or
    // one that is false, and are not taken apart.
    let text = result.as_str().as_bytes();
    let says_so = IS_ERROR.find_iter(text).any(|at| {
        let mut rest = text[at + IS_ERROR.needle().len()..].iter();
        let next = rest.find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b':'));
        next == Some(&b't')
    });
    says_so
        && Object::parse(result.as_str()).is_ok_and(|object| object.get("isError") == Some("true"))
}

/// Upper bounds of the ranges in which durations are counted, in milliseconds: those that the
/// semantic conventions of OpenTelemetry ask for.
pub(crate) const BOUNDS_MS: [u64; 14] = [
    10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
];

/// The figures of one child, over all its sessions.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    of: [OfOperation; Operation::ALL.len()],
    queued: AtomicUsize,
}

#[derive(Debug, Default)]
struct OfOperation {
    ended: [AtomicU64; Outcome::ALL.len()],
    /// The last one is of those above all bounds.
    durations: [AtomicU64; BOUNDS_MS.len() + 1],
    micros: AtomicU64,
}

impl Figures {
    /// A call that was sent has ended.
    pub(crate) fn ended(&self, operation: Operation, outcome: Outcome, took: Duration) {
        let of = &self.of[operation as usize];
        of.ended[outcome as usize].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let range = BOUNDS_MS.partition_point(|bound| micros > bound * 1_000);
        of.durations[range].fetch_add(1, Ordering::Relaxed);
        of.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// A call was not sent.
    pub(crate) fn refused(&self, operation: Operation) {
        let of = &self.of[operation as usize];
        of.ended[Outcome::Refused as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a call that waits for its turn until the guard is dropped.
    pub(crate) fn queue(&self) -> Queued<'_> {
        self.queued.fetch_add(1, Ordering::Relaxed);
        Queued(&self.queued)
    }

    /// Calls that wait for their turn now.
    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// How many calls have ended so.
    pub(crate) fn count(&self, operation: Operation, outcome: Outcome) -> u64 {
        self.of[operation as usize].ended[outcome as usize].load(Ordering::Relaxed)
    }

    /// How many calls have ended how, of what was ever called.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Operation, Outcome, u64)> {
        let of = |operation| {
            Outcome::ALL.map(|outcome| (operation, outcome, self.count(operation, outcome)))
        };
        let called = Operation::ALL.into_iter().map(of);
        let called = called.filter(|all| all.iter().any(|(_, _, count)| *count > 0));
        called.flatten()
    }

    /// How long the calls that were sent took.
    pub(crate) fn durations(&self, operation: Operation) -> Durations {
        let of = &self.of[operation as usize];
        Durations {
            counts: std::array::from_fn(|range| of.durations[range].load(Ordering::Relaxed)),
            sum: Duration::from_micros(of.micros.load(Ordering::Relaxed)),
        }
    }

    /// The same of all operations together.
    pub(crate) fn all_durations(&self) -> Durations {
        let mut all = Durations::default();
        for operation in Operation::ALL {
            let of = self.durations(operation);
            for (all, of) in all.counts.iter_mut().zip(of.counts) {
                *all += of;
            }
            all.sum += of.sum;
        }
        all
    }
}

/// A call that waits for its turn.
#[derive(Debug)]
pub(crate) struct Queued<'f>(&'f AtomicUsize);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long calls took: how many in each range of [`BOUNDS_MS`], and above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Durations {
    pub(crate) counts: [u64; BOUNDS_MS.len() + 1],
    pub(crate) sum: Duration,
}

impl Durations {
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The time within which this share of the calls (0 to 1) was answered, estimated as Prometheus does: evenly spread
    /// within their range. Above all bounds it is the greatest one. `None`: there were no calls.
    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let rank = share * total as f64;
        let (mut below, mut lower) = (0_u64, 0_u64);
        for (count, upper) in self.counts.iter().zip(BOUNDS_MS) {
            if *count > 0 && (below + count) as f64 >= rank {
                let part = (rank - below as f64) / *count as f64;
                let millis = lower as f64 + (upper - lower) as f64 * part.max(0.0);
                return Some(Duration::from_secs_f64(millis / 1_000.0));
            }
            below += count;
            lower = upper;
        }
        Some(Duration::from_millis(lower))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_what_they_asked_and_how_they_ended() {
        let figures = Figures::default();
        for (millis, outcome) in [
            (10, Outcome::Ok),
            (11, Outcome::ToolError),
            (400_000, Outcome::Lost),
        ] {
            let took = Duration::from_millis(millis);
            figures.ended(Operation::CallTool, outcome, took);
        }
        figures.refused(Operation::Other);
        assert_eq!(figures.count(Operation::CallTool, Outcome::ToolError), 1);
        assert_eq!(figures.count(Operation::Other, Outcome::Refused), 1);
        assert_eq!(figures.count(Operation::Other, Outcome::Ok), 0);
        let durations = figures.durations(Operation::CallTool);
        assert_eq!(
            (durations.counts[0], durations.counts[1]),
            (1, 1),
            "a bound is within its range"
        );
        assert_eq!(durations.counts[BOUNDS_MS.len()], 1);
        assert_eq!(durations.sum, Duration::from_millis(400_021));
        assert_eq!(
            figures.all_durations(),
            durations,
            "what was refused took no time"
        );
        let queued = figures.queue();
        assert_eq!(figures.queued(), 1);
        drop(queued);
        assert_eq!(figures.queued(), 0);
    }

    #[test]
    fn the_numbers_of_operations_and_outcomes_are_their_places() {
        for (at, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation as usize, at);
            assert_eq!(Operation::of(operation.method()), operation);
        }
        for (at, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, at);
        }
    }

    #[test]
    fn quantiles_lie_in_the_range_where_the_share_is_reached() {
        let figures = Figures::default();
        assert_eq!(figures.all_durations().quantile(0.5), None);
        for _ in 0..90 {
            figures.ended(Operation::CallTool, Outcome::Ok, Duration::from_millis(5));
        }
        for _ in 0..10 {
            figures.ended(Operation::CallTool, Outcome::Ok, Duration::from_millis(300));
        }
        let durations = figures.all_durations();
        let p50 = durations.quantile(0.5).expect("there were calls");
        assert!(p50 < Duration::from_millis(10), "{p50:?}");
        assert_eq!(durations.quantile(0.95), Some(Duration::from_millis(350)));
        assert_eq!(durations.quantile(1.0), Some(Duration::from_millis(500)));
        figures.ended(Operation::CallTool, Outcome::Ok, Duration::from_secs(1_000));
        assert_eq!(
            figures.all_durations().quantile(1.0),
            Some(Duration::from_secs(300))
        );
    }

    #[test]
    fn a_tool_error_is_one_that_the_result_itself_says() {
        for (result, is) in [
            (r#"{"content":[],"isError":true}"#, true),
            (r#"{"content":[], "isError" : true }"#, true),
            (r#"{"content":[],"isError":false}"#, false),
            (r#"{"content":[]}"#, false),
            (r#"{"structuredContent":{"isError":true}}"#, false),
            (
                r#"{"content":[{"type":"text","text":"\"isError\":true"}]}"#,
                false,
            ),
        ] {
            assert_eq!(
                is_tool_error(&Raw::from_json(result.to_owned())),
                is,
                "{result}"
            );
        }
    }
}
