//! Content blocks: what tools return and prompts contain.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

/// One block of content.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    Image(Image),
    /// A sound.
    Audio(Audio),
    /// A pointer to a resource.
    #[serde(rename = "resource_link")]
    Link(Link),
    /// A resource, included.
    #[serde(rename = "resource")]
    Embedded(Embedded),
}

impl Content {
    /// A block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// An image, as bytes of a MIME type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    data: String,
    mime_type: String,
}

impl Image {
    /// An image from its file bytes, for example a PNG with `image/png`.
    pub fn new(bytes: impl AsRef<[u8]>, mime: impl Into<String>) -> Self {
        Self::base64(STANDARD.encode(bytes), mime)
    }

    /// An image that is base64 text already.
    pub fn base64(data: impl Into<String>, mime: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            mime_type: mime.into(),
        }
    }
}

/// A sound, as bytes of a MIME type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audio {
    data: String,
    mime_type: String,
}

impl Audio {
    /// A sound from its file bytes, for example a WAV with `audio/wav`.
    pub fn new(bytes: impl AsRef<[u8]>, mime: impl Into<String>) -> Self {
        Self::base64(STANDARD.encode(bytes), mime)
    }

    /// A sound that is base64 text already.
    pub fn base64(data: impl Into<String>, mime: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            mime_type: mime.into(),
        }
    }
}

/// A pointer to a resource that the client may read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    uri: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
}

impl Link {
    /// A link to `uri`, called `name`.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            name: name.into(),
            description: None,
            mime_type: None,
        }
    }

    /// Says what it is.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Says which MIME type it has.
    #[must_use]
    pub fn mime(mut self, mime: impl Into<String>) -> Self {
        self.mime_type = Some(mime.into());
        self
    }
}

/// A resource, included in the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embedded {
    resource: Contents,
}

impl Embedded {
    /// Text under a URI.
    pub fn text(uri: impl Into<String>, mime: impl Into<String>, text: impl Into<String>) -> Self {
        let data = ContentsData::Text(text.into());
        Self {
            resource: Contents {
                uri: uri.into(),
                mime_type: Some(mime.into()),
                data,
            },
        }
    }

    /// Bytes under a URI.
    pub fn bytes(uri: impl Into<String>, mime: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        let data = ContentsData::Blob(STANDARD.encode(bytes));
        Self {
            resource: Contents {
                uri: uri.into(),
                mime_type: Some(mime.into()),
                data,
            },
        }
    }
}

/// What a resource holds: an entry of `resources/read`, and of an embedded resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contents {
    pub(super) uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mime_type: Option<String>,
    #[serde(flatten)]
    pub(super) data: ContentsData,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ContentsData {
    Text(String),
    Blob(String),
}

impl ContentsData {
    pub(super) fn blob(bytes: &[u8]) -> Self {
        Self::Blob(STANDARD.encode(bytes))
    }
}

/// What becomes content blocks rather than structured content.
pub trait IntoContent {
    /// The blocks, in order.
    fn into_content(self) -> Vec<Content>;
}

impl IntoContent for () {
    fn into_content(self) -> Vec<Content> {
        Vec::new()
    }
}

impl<C: Block> IntoContent for Vec<C> {
    fn into_content(self) -> Vec<Content> {
        self.into_iter().map(Into::into).collect()
    }
}

/// Blocks of which a `Vec` is content; a `Vec<String>` is structured.
pub trait Block: Into<Content> {}
impl Block for Content {}

impl IntoContent for Content {
    fn into_content(self) -> Vec<Content> {
        vec![self]
    }
}

macro_rules! blocks {
    ($($name:ident)*) => {$(
        impl From<$name> for Content {
            fn from(block: $name) -> Self {
                Self::$name(block)
            }
        }

        impl Block for $name {}

        impl IntoContent for $name {
            fn into_content(self) -> Vec<Content> {
                vec![self.into()]
            }
        }
    )*};
}
blocks!(Image Audio Link Embedded);

macro_rules! texts {
    ($($name:ty)*) => {$(
        impl From<$name> for Content {
            fn from(value: $name) -> Self {
                Self::text(value.to_string())
            }
        }

        impl IntoContent for $name {
            fn into_content(self) -> Vec<Content> {
                vec![self.into()]
            }
        }
    )*};
}
texts!(&'static str String bool char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);
