//! What a scripted child is told to do.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// How a scripted child behaves. Everything it sends can be given as raw JSON, which it sends byte for byte.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Which handshakes it knows.
    pub era: Era,
    /// How long it takes before it answers the first request.
    pub start_ms: u64,
    /// Lines that it prints to standard output before anything else.
    pub noise: Vec<String>,
    /// Ends with this code instead of serving.
    pub exit: Option<i32>,
    /// Reads, and never answers.
    pub silent: bool,
    /// The error that every handshake gets.
    pub refuse: Option<Value>,
    /// In place of the capabilities that follow from the lists.
    pub capabilities: Option<Box<RawValue>>,
    /// The instructions for its clients.
    pub instructions: Option<String>,
    /// Entries of `tools/list`.
    pub tools: Vec<Box<RawValue>>,
    /// This many tools named `tool_0000` and so on, with a realistic schema, before the others.
    pub generated_tools: usize,
    /// Entries of `resources/list`.
    pub resources: Vec<Box<RawValue>>,
    /// Entries of `resources/templates/list`.
    pub templates: Vec<Box<RawValue>>,
    /// Entries of `prompts/list`.
    pub prompts: Vec<Box<RawValue>>,
    /// Entries on a page of a list; 0 for all.
    pub page: usize,
    /// What happens on `tools/call`, by tool.
    pub calls: HashMap<String, Plan>,
    /// What happens on `resources/read`, by URI.
    pub reads: HashMap<String, Plan>,
    /// What happens on `prompts/get`, by prompt.
    pub gets: HashMap<String, Plan>,
    /// What happens on `completion/complete`, by prompt or URI.
    pub completions: HashMap<String, Plan>,
    /// What happens on any other method, and on lists in place of what the entries say.
    pub methods: HashMap<String, Plan>,
}

/// Which handshakes a scripted child knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// `initialize` only.
    #[default]
    Legacy,
    /// `server/discover` only.
    Modern,
}

/// What happens on one request: steps, then an answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// What it does before it answers.
    pub steps: Vec<Step>,
    /// What it answers.
    pub answer: Answer,
    /// What happens instead on a request with `inputResponses`.
    pub retry: Option<Box<Plan>>,
}

/// One thing that a child does in the course of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Reports progress with these members, if the request carries a token.
    Progress(Value),
    /// Reports this many times, counting from 1.
    Count(u64),
    /// Sends `notifications/message`.
    Log(Value),
    /// Sends a notification.
    Notify(Box<RawValue>),
    /// Waits until the request is cancelled, and then sends no answer.
    UntilCancelled,
    /// Waits until the tool `release` was called.
    UntilReleased,
    /// Lets all waiting calls go on.
    Release,
    /// Waits.
    PauseMs(u64),
    /// Ends the process.
    Exit(i32),
    /// Writes a line that is not a message.
    Noise(String),
    /// Writes exactly this, and goes on when it is written. Over stdio only.
    Print(Print),
    /// Reads nothing more from standard input.
    Deaf,
    /// Adds entries to its lists, by the names of the script's members.
    Add(HashMap<String, Vec<Box<RawValue>>>),
    /// Removes entries from a list, by name or URI.
    Remove(HashMap<String, Vec<String>>),
    /// From now on the list has no end: each page gives the same cursor.
    Circle(String),
    /// Sends this request (its `method` and `params`) on the stream of the call, and waits for the answer.
    Ask(Box<RawValue>),
    /// Sends such a request where no call is being served, and waits for the answer.
    AskAside(Box<RawValue>),
    /// Does these steps after the answer was sent.
    Later(Vec<Step>),
}

/// What is written past the child's own messages.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Print {
    /// The text. `{id}` is the request's id, `{token}` its progress token, `{n}` counts from 1, `{prints}` all prints so far.
    pub text: String,
    /// What follows the text.
    pub bytes: Vec<u8>,
    /// How often it is written.
    pub times: u64,
    /// To standard error.
    pub stderr: bool,
}

impl Default for Print {
    fn default() -> Self {
        Self {
            text: String::new(),
            bytes: Vec::new(),
            times: 1,
            stderr: false,
        }
    }
}

/// What a scripted child answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Text with the exact arguments.
    #[default]
    Echo,
    /// Nothing at all.
    Nothing,
    /// This result, byte for byte.
    Result(Box<RawValue>),
    /// This error, byte for byte.
    Error(Box<RawValue>),
    /// Text of this many bytes.
    Size(usize),
    /// All messages that arrived so far, in `structuredContent.messages`. With the arguments `method` and `count`,
    /// only those of the method, as soon as there are so many.
    Received,
    /// The child's environment and folder, in `structuredContent`.
    Process,
    /// How many calls of this plan there were, as text.
    Counter,
    /// What was answered to all questions so far, in `structuredContent.answers`: each the response without its id. With
    /// the argument `count`, as soon as there are so many.
    Answers,
    /// The exact `inputResponses` and the `requestState` of the request, in `structuredContent`.
    Brought,
}
