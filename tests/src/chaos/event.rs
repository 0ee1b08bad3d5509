//! What clients and children write down, and the clock that they share.

use serde::{Deserialize, Serialize};

use super::fault::Fault;

/// One thing that happened. Times are milliseconds of the wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A client made a call.
    Call {
        /// Unique in the run; the child repeats it.
        nonce: String,
        /// Who calls.
        client: String,
        /// The request's id, as the client gave it.
        id: i64,
        /// The child's namespace.
        child: String,
        /// When it was made.
        at: u64,
        /// How long it may take, in milliseconds.
        deadline: u64,
        /// What it makes the child do.
        #[serde(default)]
        fault: Option<Fault>,
        /// What the client has in mind for it.
        fate: Fate,
    },
    /// A client gave a call up.
    Dropped {
        /// The call.
        nonce: String,
        /// When.
        at: u64,
    },
    /// A call ended, as its client saw it; each end that it saw.
    End {
        /// The call.
        nonce: String,
        /// When.
        at: u64,
        /// How.
        #[serde(flatten)]
        terminal: Terminal,
    },
    /// A client got something of a call that had ended.
    After {
        /// The call.
        nonce: String,
        /// Its method, or `answer`.
        what: String,
    },
    /// A client got an answer that is to nothing it asked.
    Stray {
        /// Who.
        client: String,
        /// What.
        text: String,
    },
    /// A child began.
    Start {
        /// Its namespace.
        child: String,
        /// Its process.
        pid: u32,
        /// How many before it had the same name.
        incarnation: u64,
    },
    /// A child began to do what a call asks for.
    Seen {
        /// Its namespace.
        child: String,
        /// Its process.
        pid: u32,
        /// The call.
        nonce: String,
    },
    /// A child, or the way to it, did something wrong.
    Fault {
        /// The child's namespace.
        child: String,
        /// The call that caused it.
        nonce: String,
        /// What.
        fault: Fault,
    },
    /// A child was told that nobody waits for a call any more.
    Cancelled {
        /// Its namespace.
        child: String,
        /// The call.
        nonce: String,
        /// When.
        at: u64,
    },
}

/// What a client has in mind for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It waits for the end.
    Kept,
    /// It gives the call up while the child is at it; the child answers only once it was told so.
    Dropped,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "how", rename_all = "lowercase")]
pub enum Terminal {
    /// With what the child echoed.
    Result {
        /// The nonce in it.
        echo: String,
        /// The client in it.
        of: String,
        /// The child that says it answered.
        by: String,
        /// The process of that child.
        pid: u32,
    },
    /// With an error of the child itself, which echoes too.
    Refused {
        /// The nonce in it.
        echo: String,
    },
    /// With an error of the aggregator.
    Error {
        /// The child that it names.
        #[serde(default)]
        names: Option<String>,
        /// The cause that it names.
        #[serde(default)]
        cause: Option<String>,
        /// The message.
        message: String,
    },
    /// With something that is no answer at all.
    Broken {
        /// What there was.
        text: String,
    },
}

/// The wall clock, in milliseconds.
pub fn now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
