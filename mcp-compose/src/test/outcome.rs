//! What came of a call.

use std::panic::Location;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::mailbox::Progress;
use crate::serve::client::RequestError;

/// What came of a call: a result, an error of the tool, or an error of the protocol.
///
/// ```
/// # use mcp_compose::prelude::*;
/// use mcp_compose::test::{self, json};
///
/// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// struct Share {
///     each: u32,
///     rest: u32,
/// }
///
/// struct Math;
///
/// #[mcp_server]
/// impl Math {
///     /// Divides.
///     #[tool(read_only)]
///     fn share(&self, all: u32, by: u32) -> Result<Share> {
///         if by == 0 {
///             return Err(ToolError::new("there is nobody to share with"));
///         }
///         Ok(Share { each: all / by, rest: all % by })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let client = test::client(Math).await;
/// let shared = client.call("share", json!({ "all": 7, "by": 2 })).await;
/// assert_eq!(shared.structured::<Share>(), Share { each: 3, rest: 1 });
///
/// let nobody = client.call("share", json!({ "all": 7, "by": 0 })).await;
/// assert!(nobody.is_error());
/// assert_eq!(nobody.text(), "there is nobody to share with");
///
/// let unknown = client.call("add", json!({})).await;
/// assert_eq!(unknown.code(), Some(-32602));
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "an outcome may be an error; `expect_ok` makes sure that it is none"]
pub struct CallOutcome {
    pub(super) what: String,
    pub(super) place: &'static Location<'static>,
    pub(super) outcome: Result<Value, RequestError>,
    pub(super) progress: Vec<Progress>,
}

impl CallOutcome {
    /// The structured result of a tool, as `T`; text alone does not do. What is not an object on the wire (a number, a list)
    /// is taken out of the object that it is wrapped in.
    ///
    /// # Panics
    /// When the call failed, or its structured result is not a `T`; says what came instead.
    #[track_caller]
    pub fn structured<T: DeserializeOwned>(&self) -> T {
        let what = &self.what;
        let result = self.result();
        let Some(structured) = result.get("structuredContent") else {
            panic!("{what} gave no structured result, but {result}");
        };
        T::deserialize(structured).unwrap_or_else(|why| {
            let wrapped = structured.as_object().filter(|object| object.len() == 1);
            let inner = wrapped.and_then(|object| T::deserialize(object.get("result")?).ok());
            inner.unwrap_or_else(|| {
                let wanted = std::any::type_name::<T>();
                panic!("the result of {what} is no `{wanted}`: {why}: {structured}")
            })
        })
    }

    /// The text of the result, be it of a tool (its text blocks), of a resource or of a prompt (its
    /// messages), one after the other in lines of their own. Of an error what it says.
    pub fn text(&self) -> String {
        let result = match &self.outcome {
            Ok(result) => result,
            Err(error) => return error.message.clone(),
        };
        let list = |key: &str| result[key].as_array().into_iter().flatten();
        let texts = list("content")
            .chain(list("contents"))
            .chain(list("messages").map(|message| &message["content"]))
            .filter_map(|block| {
                let text = block["text"].as_str();
                text.or_else(|| block["resource"]["text"].as_str())
            });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Whether the call failed: the tool says so, or the request was refused.
    pub fn is_error(&self) -> bool {
        match &self.outcome {
            Ok(result) => result["isError"] == true,
            Err(_) => true,
        }
    }

    /// The code of a JSON-RPC error; `None` for a result, also for one in which a tool reports a
    /// failure.
    pub fn code(&self) -> Option<i64> {
        Some(self.outcome.as_ref().err()?.code)
    }

    /// All of it: the result as it came, or the JSON-RPC error as an object with `code`, `message` and
    /// perhaps `data`.
    pub fn json(&self) -> Value {
        match &self.outcome {
            Ok(result) => result.clone(),
            Err(error) => {
                let mut object = serde_json::json!({
                    "code": error.code,
                    "message": error.message,
                });
                let data = error.data.as_deref().map(serde_json::from_str);
                if let Some(Ok(data)) = data {
                    object["data"] = data;
                }
                object
            }
        }
    }

    /// What the call reported on its way, oldest first.
    pub fn progress(&self) -> &[Progress] {
        &self.progress
    }

    /// The outcome itself, which is sure to be no error.
    ///
    /// # Panics
    /// When the call failed; says how.
    #[track_caller]
    pub fn expect_ok(self) -> Self {
        self.result();
        self
    }

    #[track_caller]
    fn result(&self) -> &Value {
        let (what, place) = (&self.what, self.place);
        match &self.outcome {
            Ok(result) if !self.is_error() => result,
            Ok(_) => panic!("{what} (called at {place}) failed: {}", self.text()),
            Err(error) => {
                let RequestError { code, message, .. } = error;
                panic!("{what} (called at {place}) was refused: {message} ({code})")
            }
        }
    }
}
