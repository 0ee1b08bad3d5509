//! What the expansions of the macros name. Not for people: it changes without notice.

pub use std::{string::String, sync::Arc};

pub use crate::{ToolError, server::expansion::*};

/// The future of one call, boxed here so that "cannot be sent between threads" points at the method.
pub fn serving<F>(
    future: F,
) -> futures_util::future::BoxFuture<'static, crate::server::Result<String>>
where
    F: Future<Output = crate::server::Result<String>> + Send + 'static,
{
    Box::pin(future)
}

pub use futures_util::future::BoxFuture;

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
