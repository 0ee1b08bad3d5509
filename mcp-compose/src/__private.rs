//! What the expansions of the macros name. Not for people: it changes without notice.

pub use std::{string::String, sync::Arc};

pub use futures_util::future::BoxFuture;

pub use crate::{ToolError, handle::Declared, server::expansion::*};

/// What stands in an unfinished entry of `compose!`: for editors, which can complete it. rustc would only say once more
/// that the entry is wrong.
#[cfg(rust_analyzer)]
#[doc(hidden)]
#[macro_export]
macro_rules! __editor {
    ($($entry:tt)*) => { $($entry)* };
}

/// See above.
#[cfg(not(rust_analyzer))]
#[doc(hidden)]
#[macro_export]
macro_rules! __editor {
    ($($entry:tt)*) => {};
}
