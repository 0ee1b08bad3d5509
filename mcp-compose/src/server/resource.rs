//! What resources and completions return.

use serde::Serialize;
use serde_json::json;

use super::{
    Call, ToolError,
    content::{Contents, ContentsData},
    output::{Good, Probe, encode},
};

/// Text or bytes, as they are.
pub trait Body {
    #[doc(hidden)]
    fn into_data(self) -> Data;
}

/// What a resource holds.
#[doc(hidden)]
#[derive(Debug)]
pub struct Data(ContentsData);

impl Body for String {
    fn into_data(self) -> Data {
        Data(ContentsData::Text(self))
    }
}

impl Body for &'static str {
    fn into_data(self) -> Data {
        Data(ContentsData::Text(self.to_owned()))
    }
}

impl Body for Vec<u8> {
    fn into_data(self) -> Data {
        Data(ContentsData::blob(&self))
    }
}

impl Body for bytes::Bytes {
    fn into_data(self) -> Data {
        Data(ContentsData::blob(&self))
    }
}

/// First choice: text or bytes.
pub trait BodyReply {
    /// The type.
    type Of;
    /// How it becomes a result.
    fn resource(&self) -> Good<Self::Of>;
}

impl<T: Body> BodyReply for &&Probe<T> {
    type Of = T;

    fn resource(&self) -> Good<T> {
        Good {
            schema: None,
            encode: |call, value| contents(call, value.into_data().0, None),
        }
    }
}

/// Second choice: JSON.
pub trait JsonBody {
    /// The type.
    type Of;
    /// How it becomes a result.
    fn resource(&self) -> Good<Self::Of>;
}

impl<T: Serialize> JsonBody for &Probe<T> {
    type Of = T;

    fn resource(&self) -> Good<T> {
        Good {
            schema: None,
            encode: |call, value| {
                contents(
                    call,
                    ContentsData::Text(serde_json::to_string(&value)?),
                    Some("application/json"),
                )
            },
        }
    }
}

/// Last choice: rustc prints the message of `ResourceBody`.
pub trait RefusedBody {
    /// The type.
    type Of;
    /// Not callable.
    fn resource(&self) -> Good<Self::Of>
    where
        Self::Of: ResourceBody;
}

impl<T> RefusedBody for Probe<T> {
    type Of = T;

    fn resource(&self) -> Good<T>
    where
        T: ResourceBody,
    {
        Good {
            schema: None,
            encode: |call, _| Err(call.unknown()),
        }
    }
}

/// The types that a resource can return, for the error text only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a resource",
    label = "neither text, bytes nor JSON",
    note = "return `String`, `Vec<u8>`, or add `#[derive(serde::Serialize)]` to `{Self}`"
)]
pub trait ResourceBody {}

fn contents(call: &Call, data: ContentsData, mime: Option<&str>) -> Result<String, ToolError> {
    let mime_type = call.scene.mime.as_deref().or(mime).map(str::to_owned);
    let contents = Contents {
        uri: call.scene.uri.clone(),
        mime_type,
        data,
    };
    encode(&json!({ "contents": [contents] }))
}

/// How a completion's return type becomes a result.
pub trait CompleteReply {
    /// The type.
    type Of;
    /// How it becomes a result.
    fn complete(&self) -> Good<Self::Of>
    where
        Self::Of: Suggestions;
}

impl<T> CompleteReply for Probe<T> {
    type Of = T;

    fn complete(&self) -> Good<T>
    where
        T: Suggestions,
    {
        Good {
            schema: None,
            encode: |_, value| completion(value.into_suggestions()),
        }
    }
}

/// What a completion can return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a completion",
    label = "not a list of strings",
    note = "return `Vec<String>`"
)]
pub trait Suggestions {
    #[doc(hidden)]
    fn into_suggestions(self) -> Vec<String>;
}

impl Suggestions for Vec<String> {
    fn into_suggestions(self) -> Vec<String> {
        self
    }
}

impl Suggestions for Vec<&'static str> {
    fn into_suggestions(self) -> Vec<String> {
        self.into_iter().map(str::to_owned).collect()
    }
}

pub(super) fn completion(mut values: Vec<String>) -> Result<String, ToolError> {
    // The specification's bound for one answer.
    const MOST: usize = 100;
    let total = values.len();
    values.truncate(MOST);
    encode(&json!({ "completion": { "values": values, "total": total, "hasMore": total > MOST } }))
}
