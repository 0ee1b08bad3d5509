//! Icons of servers, tools, resources and prompts.

use serde::Serialize;

/// A picture that clients show next to a name.
///
/// Stands wherever a key `icons` does, alone or in an array; a string is the source of one without more.
///
/// ```
/// use mcp_compose::{Icon, IconTheme, mcp_server};
///
/// struct Clock;
///
/// #[mcp_server(icons = "https://example.com/clock.png")]
/// impl Clock {
///     /// What time is it?
///     #[tool(read_only, icons = [
///         Icon::new("https://example.com/hand.png").mime("image/png").size("48x48"),
///         Icon::new("https://example.com/hand-dark.svg").size("any").theme(IconTheme::Dark),
///     ])]
///     fn time(&self) -> &'static str {
///         "noon"
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    src: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sizes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<IconTheme>,
}

/// The background that an [`Icon`] is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IconTheme {
    /// A light one.
    Light,
    /// A dark one.
    Dark,
}

impl Icon {
    /// The icon at `src`: an `https:` or a `data:` URI.
    pub fn new(src: impl Into<String>) -> Self {
        Self {
            src: src.into(),
            mime_type: None,
            sizes: Vec::new(),
            theme: None,
        }
    }

    /// Says which MIME type it has, for example `image/png`.
    #[must_use]
    pub fn mime(mut self, mime: impl Into<String>) -> Self {
        self.mime_type = Some(mime.into());
        self
    }

    /// Adds a size that it can be shown in: `48x48`, or `any` for one that scales.
    #[must_use]
    pub fn size(mut self, size: impl Into<String>) -> Self {
        self.sizes.push(size.into());
        self
    }

    /// Says which background it is made for; by default any.
    #[must_use]
    pub fn theme(mut self, theme: IconTheme) -> Self {
        self.theme = Some(theme);
        self
    }
}

impl From<&str> for Icon {
    fn from(src: &str) -> Self {
        Self::new(src)
    }
}

impl From<String> for Icon {
    fn from(src: String) -> Self {
        Self::new(src)
    }
}

/// What a key `icons` takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an icon",
    label = "neither an icon nor a list of them",
    note = "write `icons = Icon::new(\"https://example.com/icon.png\")`, or an array of icons"
)]
pub trait IntoIcons {
    /// The icons, best first.
    fn into_icons(self) -> Vec<Icon>;
}

impl<I: Into<Icon>, const N: usize> IntoIcons for [I; N] {
    fn into_icons(self) -> Vec<Icon> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<I: Into<Icon>> IntoIcons for Vec<I> {
    fn into_icons(self) -> Vec<Icon> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! one_icon {
    ($($name:ty)*) => {$(
        impl IntoIcons for $name {
            fn into_icons(self) -> Vec<Icon> {
                vec![self.into()]
            }
        }
    )*};
}
one_icon!(Icon &str String);
