//! The errors of typed servers: what the model reads, and what the protocol carries.

use std::{error::Error, fmt};

/// The result of a tool, resource or prompt method.
pub type Result<T, E = ToolError> = std::result::Result<T, E>;

/// Why a call of a typed server failed.
///
/// Any `std::error::Error` converts into it with `?`. From a tool it becomes a result with `isError`, whose text
/// the model reads; from a resource or a prompt it becomes a JSON-RPC error. Like `anyhow::Error` it is not
/// an `std::error::Error` itself, which is what makes that conversion possible.
pub struct ToolError(Box<Failure>);

enum Failure {
    Told(String),
    Protocol(RpcError),
}

impl ToolError {
    /// An error that the model reads.
    pub fn new(message: impl fmt::Display) -> Self {
        Self(Box::new(Failure::Told(message.to_string())))
    }

    /// A JSON-RPC error, for the client rather than for the model.
    pub fn protocol(code: i64, message: impl fmt::Display) -> Self {
        RpcError::new(code, message.to_string()).into()
    }

    /// Turns it into the JSON-RPC error it was made from, or else into one with `code`.
    pub(crate) fn into_rpc(self, code: i64) -> RpcError {
        match *self.0 {
            Failure::Protocol(error) => error,
            Failure::Told(message) => RpcError::new(code, message),
        }
    }

    /// The text for the model, or the JSON-RPC error if it is one.
    pub(crate) fn into_told(self) -> std::result::Result<String, RpcError> {
        match *self.0 {
            Failure::Told(message) => Ok(message),
            Failure::Protocol(error) => Err(error),
        }
    }
}

impl<E: Error> From<E> for ToolError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Many errors already print their source; say it once.
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Self::new(message)
    }
}

// Not a `From`: it would overlap with the blanket one.
#[expect(
    clippy::from_over_into,
    reason = "`From` would overlap with `From<E: Error>`"
)]
impl Into<ToolError> for RpcError {
    fn into(self) -> ToolError {
        ToolError(Box::new(Failure::Protocol(self)))
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.0 {
            Failure::Told(message) => message,
            Failure::Protocol(error) => &error.message,
        })
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Failure::Told(message) => f.debug_tuple("ToolError").field(message).finish(),
            Failure::Protocol(error) => f.debug_tuple("ToolError").field(error).finish(),
        }
    }
}

/// A JSON-RPC error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RpcError {
    /// The JSON-RPC error code.
    pub(crate) code: i64,
    /// What went wrong, for a person.
    pub(crate) message: String,
    /// Raw JSON with more about it.
    pub(crate) data: Option<String>,
}

impl RpcError {
    /// The method is not known.
    pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
    /// The parameters are wrong, or name something that does not exist.
    pub(crate) const INVALID_PARAMS: i64 = -32602;
    /// The server failed.
    pub(crate) const INTERNAL: i64 = -32603;
    /// No such resource, in the dialect of 2025-11-25 and before.
    pub(crate) const RESOURCE_NOT_FOUND: i64 = -32002;

    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    pub(crate) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(Self::INVALID_PARAMS, message)
    }
}
