//! What the expansions of the macros name. Not for people: it changes without notice.

pub use std::{string::String, sync::Arc};

pub use crate::{ToolError, handle::Declared, server::expansion::*};

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
