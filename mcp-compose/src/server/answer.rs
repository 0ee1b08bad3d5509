//! What comes back from a caller that was asked.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::form;

/// What a person did with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "the person may have said no"]
pub enum Answer<T> {
    /// The person agreed, and gave this.
    Accepted(T),
    /// The person said no.
    Declined,
    /// The person made no choice: closed the dialog, for example.
    Cancelled,
}

impl<T> Answer<T> {
    /// What was given, if the person agreed.
    pub fn ok(self) -> Option<T> {
        match self {
            Self::Accepted(given) => Some(given),
            Self::Declined | Self::Cancelled => None,
        }
    }

    /// Whether the person agreed and what was given passes a test.
    ///
    /// ```
    /// use mcp_compose::Answer;
    ///
    /// assert!(Answer::Accepted(3).is_some_and(|n| n > 2));
    /// assert!(!Answer::Declined.is_some_and(|n: u8| n > 2));
    /// ```
    pub fn is_some_and(self, test: impl FnOnce(T) -> bool) -> bool {
        self.ok().is_some_and(test)
    }

    /// Whether the person agreed.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }

    /// Changes what was given.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Accepted(given) => Answer::Accepted(change(given)),
            Self::Declined => Answer::Declined,
            Self::Cancelled => Answer::Cancelled,
        }
    }
}

/// A folder or file that the client works on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[non_exhaustive]
pub struct Root {
    /// Where it is: a `file://` URI.
    pub uri: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
}

/// What the client's model said.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sampled {
    /// Whose turn it was: `assistant`, as a rule.
    pub role: String,
    /// The content blocks, as they came: `text`, `image`, `audio`, `tool_use`.
    pub content: Vec<Value>,
    /// The model.
    pub model: String,
    /// Why it stopped, if the client says so: `endTurn`, `maxTokens`, `toolUse` and others.
    pub stop_reason: Option<String>,
}

impl Sampled {
    /// All text in it, joined.
    pub fn text(&self) -> String {
        let texts = self.content.iter();
        texts
            .filter(|block| block["type"] == "text")
            .filter_map(|block| block["text"].as_str())
            .collect()
    }
}

/// Reads the result of a form.
pub(super) fn filled<T: DeserializeOwned>(answer: &str, form: &Value) -> Result<Answer<T>, String> {
    elicited(answer, |content| {
        let content = content.unwrap_or("{}");
        form::check(form, content)?;
        serde_json::from_str(content).map_err(|error| error.to_string())
    })
}

/// Reads the result of a URL that was shown.
pub(super) fn url(answer: &str) -> Result<Answer<()>, String> {
    elicited(answer, |_| Ok(()))
}

fn elicited<T>(
    answer: &str,
    accepted: impl FnOnce(Option<&str>) -> Result<T, String>,
) -> Result<Answer<T>, String> {
    #[derive(Deserialize)]
    struct Elicited<'a> {
        action: Action,
        #[serde(borrow, default)]
        content: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Action {
        Accept,
        Decline,
        Cancel,
    }
    let answer: Elicited<'_> = read(answer)?;
    Ok(match answer.action {
        Action::Accept => Answer::Accepted(accepted(answer.content.map(RawValue::get))?),
        Action::Decline => Answer::Declined,
        Action::Cancel => Answer::Cancelled,
    })
}

/// Reads the result of `sampling/createMessage`.
pub(super) fn sampled(answer: &str) -> Result<Sampled, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Message {
        role: String,
        content: Value,
        model: String,
        #[serde(default)]
        stop_reason: Option<String>,
    }
    let message: Message = read(answer)?;
    let content = match message.content {
        Value::Array(blocks) => blocks,
        block => vec![block],
    };
    if let Some(block) = content.iter().find(|block| !block["type"].is_string()) {
        return Err(format!("`{block}` is no content block"));
    }
    Ok(Sampled {
        role: message.role,
        content,
        model: message.model,
        stop_reason: message.stop_reason,
    })
}

/// Reads the result of `roots/list`.
pub(super) fn roots(answer: &str) -> Result<Vec<Root>, String> {
    #[derive(Deserialize)]
    struct Roots {
        roots: Vec<Root>,
    }
    read(answer).map(|Roots { roots }| roots)
}

/// Reads an object: serde would take an array for a struct, too.
fn read<'a, T: Deserialize<'a>>(answer: &'a str) -> Result<T, String> {
    if !answer.trim_start().starts_with('{') {
        return Err("not an object".into());
    }
    serde_json::from_str(answer).map_err(|error| error.to_string())
}
