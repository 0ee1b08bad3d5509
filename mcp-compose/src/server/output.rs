//! What a method returns, and how it becomes a result.

use std::{convert::Infallible, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{
    Call, Content, IntoContent, ToolError,
    input::{Input, shown},
};
use crate::CallResult;

/// Forces a structured result for a type that would be text, for example `Json<String>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

impl<T: Serialize> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Json<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// How a method's return type `R` becomes the raw JSON of a result.
pub struct Output<R> {
    pub(super) schema: Option<fn(&mut SchemaGenerator) -> Schema>,
    reply: Box<Reply<R>>,
}

type Reply<R> = dyn Fn(&Call, R) -> Result<String, ToolError> + Send + Sync;

impl<R> Output<R> {
    /// The result for what the method returned.
    pub fn reply(&self, call: &Call, returned: R) -> Result<String, ToolError> {
        (self.reply)(call, returned)
    }
}

impl<R> fmt::Debug for Output<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("structured", &self.schema.is_some())
            .finish()
    }
}

/// How the good half of a return type becomes a result.
pub struct Good<T> {
    pub(super) schema: Option<fn(&mut SchemaGenerator) -> Schema>,
    pub(super) encode: fn(&Call, T) -> Result<String, ToolError>,
}

impl<T> fmt::Debug for Good<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Good")
    }
}

// === Is it a `Result`? Decided on the type, so that aliases work and a type named `SearchResult` does too. ===

/// Asks whether a return type is a `Result`: `(&&Returned::<R>::new()).split()`.
#[derive(Debug)]
pub struct Returned<R>(PhantomData<fn() -> R>);

/// The two halves of a return type.
pub struct Halves<R, T, E> {
    /// Asks what the good half is.
    pub good: Probe<T>,
    /// Asks what the error half is.
    pub error: Probe<E>,
    split: fn(R) -> Result<T, E>,
}

impl<R, T, E> fmt::Debug for Halves<R, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Halves")
    }
}

impl<R: 'static, T: 'static, E: 'static> Halves<R, T, E> {
    /// Joins what was found about both halves.
    pub fn output(&self, good: &Good<T>, error: fn(E) -> ToolError) -> Output<R> {
        let (split, encode) = (self.split, good.encode);
        Output {
            schema: good.schema,
            reply: Box::new(move |call, returned| {
                split(returned)
                    .map_err(error)
                    .and_then(|value| encode(call, value))
            }),
        }
    }
}

impl<R> Returned<R> {
    /// A probe for `R`.
    #[expect(clippy::new_without_default, reason = "only expansions make one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// First choice: a `Result`.
pub trait ResultReturn {
    /// The halves.
    type Halves;
    /// Splits the type.
    fn split(&self) -> Self::Halves;
}

impl<T, E> ResultReturn for &Returned<Result<T, E>> {
    type Halves = Halves<Result<T, E>, T, E>;

    fn split(&self) -> Self::Halves {
        Halves {
            good: Probe::new(),
            error: Probe::new(),
            split: |returned| returned,
        }
    }
}

/// Else: a plain value.
pub trait PlainReturn {
    /// The halves.
    type Halves;
    /// Splits the type.
    fn split(&self) -> Self::Halves;
}

impl<R> PlainReturn for Returned<R> {
    type Halves = Halves<R, R, Infallible>;

    fn split(&self) -> Self::Halves {
        Halves {
            good: Probe::new(),
            error: Probe::new(),
            split: Ok,
        }
    }
}

/// Asks a type what it can become; method lookup prefers the implementation with more references.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// A probe for `T`.
    #[expect(clippy::new_without_default, reason = "only expansions make one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

// === The good half, of a tool. A probe only decides which way a type goes; whether it can is a bound on the type itself, so
// that rustc names nothing else when it cannot. ===

/// The way of content blocks.
#[derive(Debug)]
pub struct AsContent;

/// The way of structured content.
#[derive(Debug)]
pub struct AsStructured;

/// The way of what is more than content or structured content.
#[derive(Debug)]
pub struct AsGiven;

/// First choice: a result that is whole.
pub trait GivenWay {
    /// The way.
    fn tool(&self) -> AsGiven;
}

impl<T: WholeResult> GivenWay for &&Probe<T> {
    fn tool(&self) -> AsGiven {
        AsGiven
    }
}

/// Second choice: content blocks.
pub trait ContentWay {
    /// The way.
    fn tool(&self) -> AsContent;
}

impl<T: IntoContent> ContentWay for &Probe<T> {
    fn tool(&self) -> AsContent {
        AsContent
    }
}

/// Else: structured content.
pub trait StructuredWay {
    /// The way.
    fn tool(&self) -> AsStructured;
}

impl<T> StructuredWay for Probe<T> {
    fn tool(&self) -> AsStructured {
        AsStructured
    }
}

/// What a tool returns: text, content, or anything structured.
///
/// Implemented for every type that fits; it is named only where a compiler message says that one does not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a tool",
    label = "neither text, content nor structured",
    note = "add `#[derive(serde::Serialize, schemars::JsonSchema)]` to `{Self}`, or to the types in it"
)]
pub trait ToolOutput<Way = AsStructured>: Sized {
    #[doc(hidden)]
    fn good(way: Way) -> Good<Self>;
}

/// What is a whole result of a tool: content with structured content, or one that is made already.
pub trait WholeResult: Sized {
    /// How it becomes a result.
    fn good() -> Good<Self>;
}

impl<C: IntoContent, S: Serialize + JsonSchema> WholeResult for (C, S) {
    fn good() -> Good<Self> {
        Good {
            schema: Some(SchemaGenerator::subschema_for::<S>),
            encode: |call, (content, structured)| {
                let mut result = structured_result(call, &structured)?;
                result.content = content.into_content();
                encode(&result)
            },
        }
    }
}

impl WholeResult for CallResult {
    fn good() -> Good<Self> {
        Good {
            schema: None,
            encode: |_, result| Ok(result.as_json().to_owned()),
        }
    }
}

#[cfg(feature = "rmcp")]
impl WholeResult for rmcp::model::CallToolResult {
    fn good() -> Good<Self> {
        Good {
            schema: None,
            encode: |_, result| encode(&result),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: WholeResult> ToolOutput<AsGiven> for T {
    fn good(_: AsGiven) -> Good<T> {
        <T as WholeResult>::good()
    }
}

#[diagnostic::do_not_recommend]
impl<T: IntoContent> ToolOutput<AsContent> for T {
    fn good(_: AsContent) -> Good<T> {
        Good {
            schema: None,
            encode: |_, value| encode(&ToolResult::content(value.into_content())),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> ToolOutput<AsStructured> for T {
    fn good(_: AsStructured) -> Good<T> {
        Good {
            schema: Some(SchemaGenerator::subschema_for::<T>),
            encode: |call, value| encode(&structured_result(call, &value)?),
        }
    }
}

/// A result of structured content, with its text.
fn structured_result(call: &Call, value: &impl Serialize) -> Result<ToolResult, ToolError> {
    let mut json = serde_json::to_string(value)?;
    if call.scene.wrap {
        json = format!("{{\"result\":{json}}}");
    }
    ToolResult::structured(json)
}

// === The error half, of every kind ===

/// The way of a [`ToolError`].
#[derive(Debug)]
pub struct AsItIs;

/// The way of an error with a text.
#[derive(Debug)]
pub struct AsText;

/// First choice: it is a [`ToolError`] already.
pub trait ToolErrorWay {
    /// The way.
    fn error(&self) -> AsItIs;
}

impl ToolErrorWay for &Probe<ToolError> {
    fn error(&self) -> AsItIs {
        AsItIs
    }
}

/// Else: it has a text.
pub trait TextWay {
    /// The way.
    fn error(&self) -> AsText;
}

impl<E> TextWay for Probe<E> {
    fn error(&self) -> AsText {
        AsText
    }
}

/// The error of a method: [`ToolError`], or anything with a text.
///
/// Implemented for every type that fits; it is named only where a compiler message says that one does not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a method",
    label = "has no text",
    note = "the error is shown to the model: implement `std::fmt::Display` for `{Self}`"
)]
pub trait MethodError<Way = AsText>: Sized {
    #[doc(hidden)]
    fn told(way: Way) -> fn(Self) -> ToolError;
}

#[diagnostic::do_not_recommend]
impl MethodError<AsItIs> for ToolError {
    fn told(_: AsItIs) -> fn(Self) -> ToolError {
        |error| error
    }
}

#[diagnostic::do_not_recommend]
impl<E: fmt::Display> MethodError<AsText> for E {
    // The alternate form gives `anyhow` errors their causes.
    fn told(_: AsText) -> fn(Self) -> ToolError {
        |error| ToolError::new(format_args!("{error:#}"))
    }
}

// === Defaults in schemas ===

/// First choice: a default that can be shown in the schema.
pub trait ShowDefault {
    /// The type.
    type Of;
    /// Makes the argument optional.
    fn or_else(&self, input: Input<Self::Of>, make: fn() -> Self::Of) -> Input<Self::Of>;
}

impl<T: Serialize> ShowDefault for &Probe<T> {
    type Of = T;

    fn or_else(&self, input: Input<T>, make: fn() -> T) -> Input<T> {
        input.or_else(make, shown::<T>)
    }
}

/// Else: a default that the schema cannot show.
pub trait Unshown {
    /// The type.
    type Of;
    /// Makes the argument optional.
    fn or_else(&self, input: Input<Self::Of>, make: fn() -> Self::Of) -> Input<Self::Of>;
}

impl<T> Unshown for Probe<T> {
    type Of = T;

    fn or_else(&self, input: Input<T>, make: fn() -> T) -> Input<T> {
        input.or_else(make, |_| None)
    }
}

// === The result of a tool ===

/// The result of `tools/call`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResult {
    content: Vec<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
}

impl ToolResult {
    fn content(content: Vec<Content>) -> Self {
        Self {
            content,
            structured_content: None,
            is_error: false,
        }
    }

    fn structured(json: String) -> Result<Self, ToolError> {
        let content = vec![Content::text(json.clone())];
        Ok(Self {
            content,
            structured_content: Some(RawValue::from_string(json)?),
            is_error: false,
        })
    }

    pub(super) fn error(message: String) -> Self {
        Self {
            content: vec![Content::text(message)],
            structured_content: None,
            is_error: true,
        }
    }
}

pub(super) fn encode(result: &impl Serialize) -> Result<String, ToolError> {
    Ok(serde_json::to_string(result)?)
}
