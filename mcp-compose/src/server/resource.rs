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

/// The way of text and bytes.
#[derive(Debug)]
pub struct AsBody;

/// The way of JSON.
#[derive(Debug)]
pub struct AsJson;

/// First choice: text or bytes.
pub trait BodyWay {
    /// The way.
    fn resource(&self) -> AsBody;
}

impl<T: Body> BodyWay for &Probe<T> {
    fn resource(&self) -> AsBody {
        AsBody
    }
}

/// Else: JSON.
pub trait JsonWay {
    /// The way.
    fn resource(&self) -> AsJson;
}

impl<T> JsonWay for Probe<T> {
    fn resource(&self) -> AsJson {
        AsJson
    }
}

/// What a resource returns: text, bytes, or anything that is JSON.
///
/// Implemented for every type that fits; it is named only where a compiler message says that one does not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a resource",
    label = "neither text, bytes nor JSON",
    note = "return `String`, `Vec<u8>`, or add `#[derive(serde::Serialize)]` to `{Self}`"
)]
pub trait ResourceOutput<Way = AsJson>: Sized {
    #[doc(hidden)]
    fn good(way: Way) -> Good<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Body> ResourceOutput<AsBody> for T {
    fn good(_: AsBody) -> Good<T> {
        Good {
            schema: None,
            encode: |call, value| contents(call, value.into_data().0, None),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> ResourceOutput<AsJson> for T {
    fn good(_: AsJson) -> Good<T> {
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

fn contents(call: &Call, data: ContentsData, mime: Option<&str>) -> Result<String, ToolError> {
    let mime_type = call.scene.mime.as_deref().or(mime).map(str::to_owned);
    let contents = Contents {
        uri: call.scene.uri.clone(),
        mime_type,
        data,
    };
    encode(&json!({ "contents": [contents] }))
}

/// What a completion returns.
///
/// Implemented for every type that fits; it is named only where a compiler message says that one does not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a completion",
    label = "not a list of strings",
    note = "return `Vec<String>`"
)]
pub trait CompletionOutput: Sized {
    #[doc(hidden)]
    fn good() -> Good<Self>;
}

#[diagnostic::do_not_recommend]
impl CompletionOutput for Vec<String> {
    fn good() -> Good<Self> {
        Good {
            schema: None,
            encode: |_, value| completion(value),
        }
    }
}

#[diagnostic::do_not_recommend]
impl CompletionOutput for Vec<&'static str> {
    fn good() -> Good<Self> {
        Good {
            schema: None,
            encode: |_, value| completion(value.into_iter().map(str::to_owned).collect()),
        }
    }
}

pub(super) fn completion(mut values: Vec<String>) -> Result<String, ToolError> {
    // The specification's bound for one answer.
    const MOST: usize = 100;
    let total = values.len();
    values.truncate(MOST);
    encode(&json!({ "completion": { "values": values, "total": total, "hasMore": total > MOST } }))
}
