//! What the children and clients of a run wrote down: one event a line, in the order in which it happened.

use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A client came, with what only it knows.
    Client {
        /// Its name.
        client: String,
        /// The beginning of each of its answers.
        marker: String,
        /// How the server can tell it apart.
        kind: Kind,
    },
    /// A client went in the middle of what it was doing.
    Left {
        /// Its name.
        client: String,
    },
    /// A client called a tool that asks.
    Call {
        /// The call's name, unique in the run.
        call: String,
        /// Who calls.
        client: String,
        /// The namespace of the child.
        child: String,
        /// What the child has to repeat.
        nonce: String,
        /// The kinds of questions that it wants to be asked, by round.
        groups: Vec<Vec<String>>,
        /// What the client has in mind for it.
        fate: Fate,
    },
    /// A call ended, as its client saw it.
    End {
        /// The call.
        call: String,
        /// The answers that the child had got, by its result.
        #[serde(default)]
        answers: Option<Vec<String>>,
        /// Why there is no result.
        #[serde(default)]
        error: Option<String>,
    },
    /// A child asked.
    Question {
        /// The namespace of the child.
        child: String,
        /// The call that caused the question.
        call: String,
        /// Who made that call, as its arguments say.
        client: String,
        /// The nonce of the call.
        nonce: String,
        /// The number of the question in its call, from 1.
        n: u32,
        /// `form`, `sampling` or `roots`.
        kind: String,
        /// Asked after the call had been answered.
        late: bool,
        /// Whether the child waits for a reply; what a stateless child asks may be left.
        held: bool,
        /// The child's process, where it is a process that matters.
        #[serde(default)]
        pid: Option<i32>,
    },
    /// What became of a question, as its child saw it.
    Reply {
        /// The call of the question.
        call: String,
        /// The number of the question.
        n: u32,
        /// The answer.
        #[serde(default)]
        answer: Option<String>,
        /// The error in place of one.
        #[serde(default)]
        refused: Option<String>,
        /// Set when the child itself gave the question up.
        #[serde(default)]
        withdrawn: bool,
    },
    /// A client was asked; everything but `by` and `answer` is read in the question.
    Asked {
        /// Who was asked.
        by: String,
        /// The call of the question.
        call: String,
        /// Who made that call.
        client: String,
        /// The nonce of the call.
        nonce: String,
        /// The number of the question.
        n: u32,
        /// What was answered.
        answer: String,
    },
    /// Something that asks nothing.
    Traffic {
        /// Who did it.
        client: String,
        /// Whether it went as it should.
        ok: bool,
        /// What was seen.
        detail: String,
    },
}

/// How a server can tell a client apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// By its connection.
    Legacy,
    /// By its `Authorization`.
    Principal,
    /// Not at all, between calls.
    Anonymous,
}

/// What a client has in mind for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It waits for the result.
    Kept,
    /// It cancels the call in the middle of a question.
    Cancelled,
    /// It goes away in the middle of a question.
    Left,
}
