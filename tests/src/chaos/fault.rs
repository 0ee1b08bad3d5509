//! What a child can do wrong, and what the call that makes it do so has to expect.

use serde::{Deserialize, Serialize};

/// One thing that goes wrong. The call that carries it in its arguments meets it; so what is to be expected is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Ends with code 0 in the middle of the call.
    Exit,
    /// Ends with code 3.
    ExitCode,
    /// Is killed.
    Kill,
    /// Ends in the middle of the answer's line.
    HalfLine,
    /// Ends in the middle of a burst of progress.
    ExitInProgress,
    /// Closes its standard output, and lives on.
    CloseStdout,
    /// Ends, and leaves a process that holds its standard output open.
    Linger,
    /// Stands still as a whole (SIGSTOP), and goes on after the deadline.
    Stop,
    /// Reads nothing for some seconds, and answers what it has.
    StopReading,
    /// Answers, and ignores from now on that its input ends, and SIGTERM.
    Deaf,
    /// Ends; the next one ends before it reads.
    NextExit,
    /// Ends; the next one never answers the handshake.
    NextHang,
    /// Ends; the next one ends in the middle of the handshake's answer.
    NextHalf,
    /// Ends; the next one refuses the handshake.
    NextRefuse,
    /// Ends; the next one ends right after the handshake.
    NextLeave,
    /// Ends; the next one never answers a list.
    NextListHang,
    /// Ends; the next one answers the list with something else.
    NextListShape,
    /// Writes what is no message, in all kinds of bytes, and then answers.
    Garbage,
    /// Writes its log to standard output, and then answers.
    LogNoise,
    /// Writes a MiB to standard error, and then answers.
    StderrFlood,
    /// Asks for much that nobody will answer, and then answers.
    Asks,
    /// Says again and again that its list has changed, and then answers.
    ListChanged,
    /// Never answers.
    Hang,
    /// Answers after the deadline.
    Late,
    /// Answers twice.
    Twice,
    /// Answers requests that nobody made, and then the one.
    WrongIds,
    /// Reports progress two thousand times, and then answers.
    ProgressFlood,
    /// Reports progress for ever.
    ProgressForever,
    /// Answers with neither a result nor an error.
    Neither,
    /// Answers with a number as the result.
    Number,
    /// Answers a byte at a time.
    Trickle,
    /// Answers with half a MiB.
    Large,
    /// Answers with more than is allowed.
    TooLarge,
    /// Answers with an error of its own.
    Refuse,
    /// Resets the connection.
    Reset,
    /// HTTP 500.
    Status500,
    /// HTTP 503.
    Status503,
    /// HTTP 429, with a second to wait.
    Status429,
    /// Has forgotten all sessions.
    Forgotten,
    /// The body ends in the middle.
    HalfBody,
    /// The head of the answer ends in the middle.
    HalfHead,
    /// The event stream ends without the answer.
    HalfStream,
    /// Comments and other events before the answer.
    StreamNoise,
    /// Redirects elsewhere.
    Redirect,
    /// Answers 200 with a page.
    Page,
    /// Answers 202, as if it had been a notification.
    Accepted,
    /// Is gone for some time: nobody listens at its address.
    Refused,
    /// On the way: everything comes later.
    Latency,
    /// On the way: little gets through.
    Bandwidth,
    /// On the way: connections are closed late.
    SlowClose,
    /// On the way: nothing gets through, and then the connection closes.
    Blackhole,
    /// On the way: the connection is reset after a few bytes of the answer.
    ResetPeer,
    /// On the way: everything comes in pieces of one to three bytes.
    Slicer,
    /// On the way: the connection ends after a few bytes of the answer.
    LimitData,
}

/// Where a fault can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// At a program on pipes.
    Pipe,
    /// At a server on HTTP.
    Http,
    /// At either.
    Child,
    /// Between the aggregator and a server on HTTP.
    Way,
}

/// What the call that carries a fault has to expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its result: the fault is nothing to it.
    Answered,
    /// Either, each for a good reason.
    Any,
}

use At::{Child, Http, Pipe, Way};
use Outcome::{Answered, Any};

impl Fault {
    /// All faults, with where they happen and what their calls may expect.
    pub const ALL: &[(Self, At, Outcome)] = &[
        (Self::Exit, Pipe, Any),
        (Self::ExitCode, Pipe, Any),
        (Self::Kill, Pipe, Any),
        (Self::HalfLine, Pipe, Any),
        (Self::ExitInProgress, Pipe, Any),
        (Self::CloseStdout, Pipe, Any),
        (Self::Linger, Pipe, Any),
        (Self::Stop, Pipe, Any),
        (Self::StopReading, Pipe, Answered),
        (Self::Deaf, Pipe, Answered),
        (Self::NextExit, Pipe, Any),
        (Self::NextHang, Pipe, Any),
        (Self::NextHalf, Pipe, Any),
        (Self::NextRefuse, Pipe, Any),
        (Self::NextLeave, Pipe, Any),
        (Self::NextListHang, Pipe, Any),
        (Self::NextListShape, Pipe, Any),
        (Self::Garbage, Pipe, Answered),
        (Self::LogNoise, Pipe, Answered),
        (Self::StderrFlood, Pipe, Answered),
        (Self::Asks, Pipe, Answered),
        (Self::ListChanged, Pipe, Answered),
        (Self::Hang, Child, Any),
        (Self::Late, Child, Any),
        (Self::Twice, Child, Answered),
        (Self::WrongIds, Child, Answered),
        (Self::ProgressFlood, Child, Answered),
        (Self::ProgressForever, Child, Any),
        (Self::Neither, Child, Any),
        (Self::Number, Child, Any),
        (Self::Trickle, Child, Answered),
        (Self::Large, Child, Answered),
        (Self::TooLarge, Child, Any),
        (Self::Refuse, Child, Any),
        (Self::Reset, Http, Any),
        (Self::Status500, Http, Any),
        (Self::Status503, Http, Any),
        (Self::Status429, Http, Any),
        (Self::Forgotten, Http, Any),
        (Self::HalfBody, Http, Any),
        (Self::HalfHead, Http, Any),
        (Self::HalfStream, Http, Any),
        (Self::StreamNoise, Http, Answered),
        (Self::Redirect, Http, Any),
        (Self::Page, Http, Any),
        (Self::Accepted, Http, Any),
        (Self::Refused, Http, Any),
        (Self::Latency, Way, Answered),
        (Self::Bandwidth, Way, Answered),
        (Self::SlowClose, Way, Answered),
        (Self::Blackhole, Way, Any),
        (Self::ResetPeer, Way, Any),
        (Self::Slicer, Way, Answered),
        (Self::LimitData, Way, Any),
    ];

    /// What its call has to expect.
    pub fn outcome(self) -> Outcome {
        let row = Self::ALL.iter().find(|(fault, ..)| *fault == self);
        row.map_or(Any, |(.., outcome)| *outcome)
    }

    /// Whether it happens between the aggregator and the child.
    pub fn on_the_way(self) -> bool {
        Self::ALL.contains(&(self, Way, self.outcome()))
    }

    /// Those that can happen at a child of this kind.
    pub fn of(place: At) -> Vec<Self> {
        let fits = |at: At| at == place || (at == Child && matches!(place, Pipe | Http));
        let rows = Self::ALL.iter().filter(|(_, at, _)| fits(*at));
        rows.map(|(fault, ..)| *fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_listed_once_and_has_a_place() {
        let mut all: Vec<_> = Fault::ALL.iter().map(|(fault, ..)| *fault).collect();
        assert_eq!(all.len(), Fault::LimitData as usize + 1);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), Fault::ALL.len());
        let placed = [Pipe, Http, Way].map(|place| Fault::of(place).len());
        assert!(placed.iter().all(|count| *count >= 7), "{placed:?}");
    }
}
