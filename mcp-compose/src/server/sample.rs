//! What a typed server asks the client's model.

use serde_json::{Map, Number, Value, json};

use super::{Message, Sampled};

/// How many tokens an answer may have if the request does not say: the protocol wants a number.
const MAX_TOKENS: u32 = 1024;

/// A question for the client's model; see [`Ctx::sample`](crate::Ctx::sample).
///
/// A text is one, too: a single message of the user.
///
/// ```
/// use mcp_compose::{Message, SampleRequest};
///
/// let request = SampleRequest::new("What is the capital of France?")
///     .message(Message::assistant("Paris."))
///     .message(Message::user("And of Spain?"))
///     .system("Answer in one word.")
///     .model("sonnet")
///     .max_tokens(50)
///     .temperature(0.2);
/// # let _ = request;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SampleRequest {
    messages: Vec<Value>,
    hints: Vec<Value>,
    members: Map<String, Value>,
}

impl SampleRequest {
    /// Asks with one message of the user.
    pub fn new(prompt: impl Into<String>) -> Self {
        Self::messages([Message::user(prompt.into())])
    }

    /// Asks with a conversation so far.
    pub fn messages(messages: impl IntoIterator<Item = Message>) -> Self {
        let empty = Self {
            messages: Vec::new(),
            hints: Vec::new(),
            members: Map::new(),
        };
        messages
            .into_iter()
            .fold(empty.max_tokens(MAX_TOKENS), Self::message)
    }

    /// Adds a message.
    pub fn message(self, message: Message) -> Self {
        // A message is plain data, which always serialises.
        match serde_json::to_value(message) {
            Ok(message) => self.raw_message(message),
            Err(_) => self,
        }
    }

    /// Adds what the model said before.
    pub fn answered(self, sampled: &Sampled) -> Self {
        self.raw_message(json!({ "role": sampled.role, "content": sampled.content }))
    }

    /// Adds a message as it stands on the wire: results of tools, for example.
    pub fn raw_message(mut self, message: Value) -> Self {
        self.messages.push(message);
        self
    }

    /// Asks for a system prompt; the client may ignore it.
    pub fn system(self, prompt: impl Into<String>) -> Self {
        self.set("systemPrompt", prompt.into())
    }

    /// How many tokens the answer may have; 1024 if left out.
    pub fn max_tokens(self, tokens: u32) -> Self {
        self.set("maxTokens", tokens)
    }

    /// How random the answer is; a number that is not finite is left out.
    pub fn temperature(self, temperature: f64) -> Self {
        match Number::from_f64(temperature) {
            Some(temperature) => self.set("temperature", temperature),
            None => self,
        }
    }

    /// Ends the answer where one of these texts stands.
    pub fn stop<S: Into<String>>(self, sequences: impl IntoIterator<Item = S>) -> Self {
        let sequences: Vec<String> = sequences.into_iter().map(Into::into).collect();
        self.set("stopSequences", sequences)
    }

    /// Hints at a model by a part of its name; the first hint counts most.
    pub fn model(mut self, name: impl Into<String>) -> Self {
        self.hints.push(json!({ "name": name.into() }));
        self
    }

    /// Tools that the model may ask for, as they stand on the wire. Needs a client that declared
    /// `sampling.tools`.
    pub fn tools(self, tools: impl IntoIterator<Item = Value>) -> Self {
        let tools: Vec<Value> = tools.into_iter().collect();
        self.set("tools", tools)
    }

    /// Sets any other member of the params, such as `toolChoice`.
    pub fn set(mut self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.insert(member.into(), value.into());
        self
    }

    /// What a client must have declared to be asked this.
    pub(super) fn needs(&self) -> &'static str {
        if self.members.contains_key("tools") || self.members.contains_key("toolChoice") {
            "sampling.tools"
        } else {
            "sampling"
        }
    }

    pub(super) fn into_params(mut self) -> Value {
        let mut params = Map::new();
        params.insert("messages".into(), self.messages.into());
        if !self.hints.is_empty() {
            let preferences = self
                .members
                .entry("modelPreferences")
                .or_insert_with(|| json!({}));
            if let Value::Object(preferences) = preferences {
                preferences.insert("hints".into(), self.hints.into());
            }
        }
        params.append(&mut self.members);
        Value::Object(params)
    }
}

impl<S: Into<String>> From<S> for SampleRequest {
    fn from(prompt: S) -> Self {
        Self::new(prompt)
    }
}
