//! Values that must never be printed.

use std::ffi::{OsStr, OsString};
use std::fmt;

/// A value of a child's environment; its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(OsString);

impl Secret {
    pub(crate) fn new(value: impl Into<OsString>) -> Self {
        Secret(value.into())
    }

    /// The value itself, for the spawn only.
    pub(crate) fn expose(&self) -> &OsStr {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
