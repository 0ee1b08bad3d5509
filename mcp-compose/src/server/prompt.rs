//! What prompts return.

use serde::Serialize;

use super::{
    Audio, Content, Embedded, Image, Link,
    output::{Good, encode},
};

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    role: &'static str,
    content: Content,
}

impl Message {
    /// What the user says.
    pub fn user(content: impl Into<Content>) -> Self {
        Self {
            role: "user",
            content: content.into(),
        }
    }

    /// What the assistant says.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self {
            role: "assistant",
            content: content.into(),
        }
    }
}

/// What can be returned from a prompt; text becomes one message of the user.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a prompt",
    label = "not text, content or messages",
    note = "return `String`, `Message` or `Vec<Message>`"
)]
pub trait IntoMessages {
    /// The messages, in order.
    fn into_messages(self) -> Vec<Message>;
}

impl IntoMessages for Message {
    fn into_messages(self) -> Vec<Message> {
        vec![self]
    }
}

impl IntoMessages for Vec<Message> {
    fn into_messages(self) -> Vec<Message> {
        self
    }
}

macro_rules! one_message {
    ($($name:ty)*) => {$(
        impl IntoMessages for $name {
            fn into_messages(self) -> Vec<Message> {
                vec![Message::user(self)]
            }
        }
    )*};
}
one_message!(String &'static str Content Image Audio Link Embedded);

/// What a prompt returns: what implements [`IntoMessages`].
///
/// It is named only where a compiler message says that a type does not fit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a prompt",
    label = "not text, content or messages",
    note = "return `String`, `Message` or `Vec<Message>`"
)]
pub trait PromptOutput: Sized {
    #[doc(hidden)]
    fn good() -> Good<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: IntoMessages> PromptOutput for T {
    fn good() -> Good<T> {
        Good {
            schema: None,
            encode: |call, value| {
                encode(&Messages {
                    description: call.scene.description.as_deref(),
                    messages: value.into_messages(),
                })
            },
        }
    }
}

/// The result of `prompts/get`.
#[derive(Debug, Serialize)]
pub struct Messages<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'d str>,
    messages: Vec<Message>,
}
