//! One call of a typed server, and how its arguments are taken out.

use std::{borrow::Cow, collections::BTreeMap};

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::{Ctx, ToolError, describe::Scene, error::RpcError, input::Input};
use crate::nearest::nearest;

/// Which of the four kinds of method a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `tools/call`.
    Tool,
    /// `resources/read`.
    Resource,
    /// `prompts/get`.
    Prompt,
    /// `completion/complete`.
    Complete,
}

/// A call of a typed server, as [`FromCall`](crate::FromCall) sees it.
#[derive(Debug)]
pub struct Call {
    pub(super) kind: Kind,
    pub(super) key: &'static str,
    pub(super) given: Given,
    pub(super) ctx: Ctx,
    pub(super) scene: Scene,
}

/// What the caller gave.
#[derive(Debug)]
pub(super) enum Given {
    /// Arguments of a tool.
    Json(BTreeMap<String, Box<RawValue>>),
    /// Arguments of a prompt, or variables of a resource template: strings on the wire.
    Text(BTreeMap<String, String>),
}

impl Call {
    /// The context of the call.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// What is called: the name of the tool or the prompt, the URI of the resource that is read, or the name of the method
    /// that completes.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.kind {
            Kind::Resource => &self.scene.uri,
            Kind::Tool | Kind::Prompt | Kind::Complete => self.key,
        }
    }

    /// The future of one call; boxed here, so that "cannot be sent between threads" points at the method.
    #[doc(hidden)]
    pub fn serve<F>(future: F) -> BoxFuture<'static, Result<String, ToolError>>
    where
        F: Future<Output = Result<String, ToolError>> + Send + 'static,
    {
        Box::pin(future)
    }

    #[doc(hidden)]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    #[doc(hidden)]
    pub fn key(&self) -> &'static str {
        self.key
    }

    #[doc(hidden)]
    pub fn partial(&self) -> &str {
        match &self.given {
            Given::Text(given) => given.values().next().map_or("", String::as_str),
            Given::Json(_) => "",
        }
    }

    #[doc(hidden)]
    pub fn taking(&self) -> Taking<'_> {
        Taking {
            call: self,
            known: Vec::new(),
            whole: false,
            problems: Vec::new(),
            refused: None,
        }
    }

    /// The error for a key that was listed but has no method: only a hand-written `Server` can cause it.
    #[doc(hidden)]
    pub fn unknown(&self) -> ToolError {
        RpcError::new(
            RpcError::METHOD_NOT_FOUND,
            format!("`{}` is not served", self.key),
        )
        .into()
    }
}

/// The arguments of a call while they are taken out, and every problem with them.
#[derive(Debug)]
pub struct Taking<'c> {
    call: &'c Call,
    known: Vec<&'static str>,
    whole: bool,
    problems: Vec<String>,
    refused: Option<ToolError>,
}

impl Taking<'_> {
    /// Takes one input; `None`: there is a problem, kept for [`refusal`](Self::refusal).
    pub fn take<T>(&mut self, input: Input<T>) -> Option<T> {
        let name = input.name();
        match input {
            Input::FromCall { make, .. } => make(self.call)
                .map_err(|error| self.refused.get_or_insert(error))
                .ok(),
            Input::Whole { decode, .. } => {
                self.whole = true;
                let object = self.call.given.to_object();
                decode(&object)
                    .map_err(|problem| self.problems.push(format!("arguments: {problem}")))
                    .ok()
            }
            Input::Argument { decode, absent, .. } => {
                self.known.push(name);
                let given = match &self.call.given {
                    Given::Json(given) => given.get(name).map(|raw| decode(raw.get())),
                    Given::Text(given) => given.get(name).map(|text| from_text(decode, text)),
                };
                let is_null = matches!(&self.call.given, Given::Json(given) if given.get(name).is_some_and(|raw| raw.get() == "null"));
                match (given, absent) {
                    // Clients fill optional arguments with null.
                    (Some(_), Some(absent)) if is_null => Some(absent.make()),
                    (None, Some(absent)) => Some(absent.make()),
                    (Some(Ok(value)), _) => Some(value),
                    (Some(Err(problem)), _) => {
                        self.problems.push(format!("argument `{name}`: {problem}"));
                        None
                    }
                    (None, None) => {
                        self.problems.push(format!("missing argument `{name}`"));
                        None
                    }
                }
            }
        }
    }

    /// Whether everything was in order, and nothing was given that nobody takes.
    pub fn done(&mut self) -> bool {
        // A completion is given what it completes, under a name that is not one of its own parameters.
        if !self.whole && self.call.kind != Kind::Complete {
            let given: Vec<&String> = match &self.call.given {
                Given::Json(given) => given.keys().collect(),
                Given::Text(given) => given.keys().collect(),
            };
            for name in given
                .into_iter()
                .filter(|name| !self.known.contains(&name.as_str()))
            {
                let help = match nearest(name, self.known.iter().copied()) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None if self.known.is_empty() => "; none are expected".into(),
                    None => format!("; expected: {}", self.known.join(", ")),
                };
                self.problems
                    .push(format!("unknown argument `{}`{help}", shortened(name)));
            }
        }
        self.problems.is_empty() && self.refused.is_none()
    }

    /// The error that says all that was wrong.
    pub fn refusal(self) -> ToolError {
        match self.refused {
            Some(error) => error,
            None if self.call.kind == Kind::Tool => ToolError::new(self.problems.join("\n")),
            None => RpcError::invalid_params(self.problems.join("; ")).into(),
        }
    }
}

impl Given {
    fn to_object(&self) -> Cow<'static, str> {
        let object = match self {
            Self::Json(given) => serde_json::to_string(given),
            Self::Text(given) => serde_json::to_string(given),
        };
        // Both are maps of strings to JSON, which always serialise.
        object.map_or(Cow::Borrowed("{}"), Cow::Owned)
    }
}

/// Prompt arguments are strings on the wire (spec, `GetPromptRequestParams`): a string first, then JSON, so `42` fits a `u32`.
fn from_text<T>(decode: fn(&str) -> Result<T, String>, text: &str) -> Result<T, String> {
    let quoted = serde_json::to_string(text).map_err(|error| error.to_string())?;
    decode(&quoted).or_else(|problem| decode(text).map_err(|_| problem))
}

/// Names come from outside and go into an error text.
fn shortened(name: &str) -> Cow<'_, str> {
    const SHOWN: usize = 64;
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}
