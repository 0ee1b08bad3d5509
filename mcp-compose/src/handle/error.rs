//! Why a call of a child has no result.

use crate::ServeError;
use crate::wire::{ErrorObject, Object};

use super::CallResult;

/// Why a call of a [`Child`](crate::Child) has no result. Each names the child.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The tool says that it failed: `isError` of its result.
    #[error("tool `{tool}` of child \"{child}\" failed: {}", .result.text())]
    Tool {
        /// The child's namespace.
        child: String,
        /// The tool, by the child's own name.
        tool: String,
        /// All that it said.
        result: CallResult,
    },
    /// The child answered with a JSON-RPC error, or could not be reached.
    #[error("{}", told(.child, .message))]
    Failed {
        /// The child's namespace.
        child: String,
        /// The JSON-RPC code.
        code: i64,
        /// What went wrong.
        message: String,
        /// What came with it: raw JSON. Of an error of ours it has `mcpCompose`, with `delivered`
        /// (`no` or `maybe`) and `retryAfterMs`.
        data: Option<String>,
    },
    /// The arguments could not be made JSON; nothing was sent.
    #[error("the call of child \"{child}\" was not made: {problem}")]
    Arguments {
        /// The child's namespace.
        child: String,
        /// What is wrong.
        problem: String,
    },
    /// The result is not what it was read as.
    #[error("the result of child \"{child}\" is not what was expected: {problem}")]
    Unexpected {
        /// The child's namespace.
        child: String,
        /// What is wrong.
        problem: String,
    },
    /// The child is not part of any composition that runs: it was removed, or its composition has
    /// ended.
    #[error("child \"{child}\" is gone: its composition has ended, or it was removed from it")]
    Gone {
        /// The child's namespace.
        child: String,
    },
    /// The composition that the child is declared in cannot start.
    #[error("child \"{child}\" cannot be connected: {source}")]
    Start {
        /// The child's namespace.
        child: String,
        /// Why.
        source: ServeError,
    },
}

impl CallError {
    pub(super) fn of(child: &str, error: &ErrorObject) -> Self {
        let raw = Object::parse(error.raw().as_str()).unwrap_or_default();
        Self::Failed {
            child: child.to_owned(),
            code: error.code(),
            message: error.message(),
            data: raw.get("data").map(str::to_owned),
        }
    }
}

/// Errors of ours name the child; the child's own do not.
fn told(child: &str, message: &str) -> String {
    let named = format!("child \"{child}\"");
    if message.contains(&named) {
        message.to_owned()
    } else {
        format!("{named}: {message}")
    }
}
