//! What the expansions of the macros name. Not for people: it changes without notice.

pub use std::{string::String, sync::Arc};

pub use futures_util::future::BoxFuture;

pub use crate::{ToolError, handle::Declared, server::expansion::*};
