//! What a parameter of a method is: an argument with a schema, or something taken from the call.

use std::{fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Call, FromCall, ToolError};

/// A parameter of type `T`.
pub enum Input<T> {
    /// Made from the call; not in the schema.
    FromCall {
        /// Makes it, or refuses the call.
        make: Make<T>,
        /// Makes it, or does without.
        make_optional: Make<Option<T>>,
    },
    /// One property of the arguments.
    Argument {
        /// Its name on the wire.
        name: &'static str,
        /// Its description.
        doc: &'static str,
        /// Its schema.
        schema: fn(&mut SchemaGenerator) -> Schema,
        /// Reads it from JSON.
        decode: Decode<T>,
        /// Reads it from JSON, where `null` is `None`.
        decode_optional: Option<Decode<Option<T>>>,
        /// What stands for it when it is not given.
        absent: Option<Absent<T>>,
        /// The header `Mcp-Param-*` that mirrors it.
        header: Option<&'static str>,
    },
    /// All arguments as one object.
    Whole {
        /// Its schema.
        schema: fn(&mut SchemaGenerator) -> Schema,
        /// Reads it from JSON.
        decode: Decode<T>,
        /// The name of its type, for messages.
        type_name: fn() -> &'static str,
    },
}

/// Makes a value from a call, or refuses the call.
pub type Make<T> = fn(&Call) -> Result<T, ToolError>;

/// Reads a value from JSON, or says what is wrong with it.
pub type Decode<T> = fn(&str) -> Result<T, String>;

/// What stands for an argument that is not given.
pub struct Absent<T> {
    make: fn() -> T,
    show: fn(&T) -> Option<Value>,
}

impl<T> Absent<T> {
    pub(super) fn make(&self) -> T {
        (self.make)()
    }

    /// The default, as the schema shows it.
    pub(super) fn shown(&self) -> Option<Value> {
        (self.show)(&self.make())
    }
}

impl<T> Input<T> {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Argument { name, .. } => name,
            Self::FromCall { .. } | Self::Whole { .. } => "",
        }
    }

    /// Makes the argument optional: `make` stands for it, and `show` puts it into the schema.
    #[must_use]
    pub fn or_else(mut self, make: fn() -> T, show: fn(&T) -> Option<Value>) -> Self {
        if let Self::Argument { absent, .. } = &mut self {
            *absent = Some(Absent { make, show });
        }
        self
    }

    /// Mirrors the argument into the header `Mcp-Param-{name}`.
    #[must_use]
    pub fn in_header(mut self, name: &'static str) -> Self {
        if let Self::Argument { header, .. } = &mut self {
            *header = Some(name);
        }
        self
    }

    /// Makes one argument into the object of all arguments.
    #[must_use]
    pub fn whole(self) -> Self {
        match self {
            Self::Argument { schema, decode, .. } => Self::Whole {
                schema,
                decode,
                type_name: std::any::type_name::<T>,
            },
            other => other,
        }
    }

    /// Makes the argument optional, `None` when absent; the schema is that of the inner type.
    pub fn optional(self) -> Input<Option<T>> {
        match self {
            Self::Argument {
                name,
                doc,
                schema,
                header,
                decode_optional: Some(decode),
                ..
            } => Input::Argument {
                name,
                doc,
                schema,
                header,
                decode,
                decode_optional: None,
                absent: Some(Absent {
                    make: || None,
                    show: |_| None,
                }),
            },
            Self::FromCall { make_optional, .. } => Input::FromCall {
                make: make_optional,
                make_optional: |call| Err(call.unknown()),
            },
            _ => Input::FromCall {
                make: |call| Err(call.unknown()),
                make_optional: |call| Err(call.unknown()),
            },
        }
    }
}

impl<T: FromCall> Input<T> {
    fn from_call() -> Self {
        Self::FromCall {
            make: T::from_call,
            make_optional: |call| Ok(T::from_call(call).ok()),
        }
    }
}

impl<T> fmt::Debug for Input<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromCall { .. } => f.write_str("FromCall"),
            Self::Argument { name, .. } => f.debug_tuple("Argument").field(name).finish(),
            Self::Whole { .. } => f.write_str("Whole"),
        }
    }
}

impl<T> fmt::Debug for Absent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Absent")
    }
}

fn decode<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| {
        let text = error.to_string();
        // The position is one in the single argument, which nobody sees.
        text.rsplit_once(" at line ")
            .map_or(text.clone(), |(problem, _)| problem.to_owned())
    })
}

/// Asks a type how it becomes a parameter: `(&&InputProbe::<T>::new(name, doc)).way()`.
///
/// Method lookup prefers the implementation with more references. The way it finds is all that it decides: whether the
/// type can go that way is a bound on the type itself, so that rustc names nothing else when it cannot.
#[derive(Debug)]
pub struct InputProbe<T> {
    name: &'static str,
    doc: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T> InputProbe<T> {
    /// A probe for the parameter `name`.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            doc,
            of: PhantomData,
        }
    }
}

/// The way of a type that is taken from the call.
#[derive(Debug)]
pub struct Extracted;

/// The way of a type that is an argument.
#[derive(Debug)]
pub struct Argument {
    name: &'static str,
    doc: &'static str,
}

/// First choice: the type is taken from the call.
pub trait ExtractedWay {
    /// The way.
    fn way(&self) -> Extracted;
}

impl<T: FromCall> ExtractedWay for &InputProbe<T> {
    fn way(&self) -> Extracted {
        Extracted
    }
}

/// Else: the type is an argument.
pub trait ArgumentWay {
    /// The way.
    fn way(&self) -> Argument;
}

impl<T> ArgumentWay for InputProbe<T> {
    fn way(&self) -> Argument {
        Argument {
            name: self.name,
            doc: self.doc,
        }
    }
}

/// What a method of kind tool takes: arguments with a schema, and what implements [`FromCall`].
///
/// Implemented for every type that fits; it is named only where a compiler message says that one does not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tool parameter",
    label = "not a tool parameter",
    note = "parameters need `#[derive(serde::Deserialize, schemars::JsonSchema)]`, and so do the types in them"
)]
pub trait ToolParameter<Way = Argument>: Sized {
    #[doc(hidden)]
    fn input(way: Way) -> Input<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromCall> ToolParameter<Extracted> for T {
    fn input(_: Extracted) -> Input<T> {
        Input::from_call()
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> ToolParameter<Argument> for T {
    fn input(way: Argument) -> Input<T> {
        way.read(SchemaGenerator::subschema_for::<T>)
    }
}

/// What a method of kind prompt or resource takes: text on the wire, which has no schema, and what implements [`FromCall`].
///
/// Implemented for every type that fits; it is named only where a compiler message says that one does not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the text of an argument",
    label = "not a parameter",
    note = "parameters need `#[derive(serde::Deserialize)]`, and so do the types in them"
)]
pub trait TextParameter<Way = Argument>: Sized {
    #[doc(hidden)]
    fn input(way: Way) -> Input<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromCall> TextParameter<Extracted> for T {
    fn input(_: Extracted) -> Input<T> {
        Input::from_call()
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> TextParameter<Argument> for T {
    fn input(way: Argument) -> Input<T> {
        way.read(|_| Schema::default())
    }
}

/// What stands beside the arguments of a method: only what implements [`FromCall`].
///
/// It is named only where a compiler message says that a type does not fit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not taken from the call",
    label = "no argument here, and not taken from the call",
    note = "arguments are the variables of a resource's URI, and the fields of `#[args]`; other types implement `FromCall`"
)]
pub trait Extractor: Sized {
    #[doc(hidden)]
    fn input() -> Input<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromCall> Extractor for T {
    fn input() -> Input<T> {
        Input::from_call()
    }
}

/// What a `#[default = ".."]` fits: a type that is made from text.
///
/// It is named only where a compiler message says that a type does not fit.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is not made from text",
    label = "text",
    note = "a default is an expression of the argument's type: `{Self}`"
)]
pub trait TextDefault: Sized {
    #[doc(hidden)]
    fn of_text(text: &'static str) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: From<&'static str>> TextDefault for T {
    fn of_text(text: &'static str) -> T {
        T::from(text)
    }
}

impl Argument {
    fn read<T: DeserializeOwned>(self, schema: fn(&mut SchemaGenerator) -> Schema) -> Input<T> {
        Input::Argument {
            name: self.name,
            doc: self.doc,
            schema,
            decode: decode::<T>,
            decode_optional: Some(decode::<Option<T>>),
            absent: None,
            header: None,
        }
    }
}

/// Shows a default in the schema if its type can be serialised.
pub(super) fn shown<T: Serialize>(value: &T) -> Option<Value> {
    serde_json::to_value(value).ok()
}
