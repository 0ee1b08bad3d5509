//! Typed servers: what `#[mcp_server]` targets, and how the relay mounts one.

mod answer;
mod ask;
mod blocking;
mod call;
mod content;
mod ctx;
mod deadline;
mod describe;
mod error;
mod extract;
mod form;
mod icon;
mod input;
mod local;
mod output;
mod parts;
mod prompt;
mod resource;
mod round;
mod sample;
mod schema;
mod template;

use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use self::{
    answer::{Answer, Root, Sampled},
    call::Call,
    content::{Audio, Content, Embedded, Image, IntoContent, Link},
    ctx::{Amount, Ctx, LogLevel, Sent},
    error::{Result, ToolError},
    extract::{Caller, Cancel, ClientInfo, Extension, FromCall, Headers, Meta},
    icon::{Icon, IconTheme},
    output::Json,
    prompt::{IntoMessages, Message},
    sample::SampleRequest,
};
pub(crate) use self::{
    ask::META_KEY,
    ctx::CtxParts,
    error::RpcError,
    local::LocalServer,
    round::{Answers, Asking},
};
#[cfg(feature = "rmcp")]
pub(crate) use local::panic_text;

/// What the expansions of the macros name; see `__private`.
pub(crate) mod expansion {
    pub use super::{
        blocking::blocking,
        bounds,
        call::{Kind, Taking},
        describe::{Describe, Prompt, Resource, Tool},
        input::{Decode, Input, InputProbe, Make},
        output::{Output, Probe, Returned},
        parts::{Dispatched, Names, Part, distinct},
        prompt::Messages,
    };

    /// The traits of the probes; without names, so that they hide none of the user's.
    pub mod ways {
        pub use crate::server::{
            input::{ArgumentWay as _, ExtractedWay as _},
            output::{
                ContentWay as _, GivenWay as _, PlainReturn as _, ResultReturn as _,
                ShowDefault as _, StructuredWay as _, TextWay as _, ToolErrorWay as _,
                Unshown as _,
            },
            resource::{BodyWay as _, JsonWay as _},
        };
    }
}

/// What fits into the signature of a method with `#[tool]`, `#[resource]`, `#[prompt]` or `#[complete]`.
///
/// These traits are implemented for every type that fits. They stand here for compiler messages, which name them: do not
/// implement them, derive what the message asks for.
pub mod bounds {
    pub use super::{
        input::{Extractor, TextDefault, TextParameter, ToolParameter},
        output::{MethodError, ToolOutput},
        parts::{ListedPart, PartBlock},
        prompt::PromptOutput,
        resource::{CompletionOutput, ResourceOutput},
    };
}

/// A typed MCP server; implemented by `#[mcp_server]` on an impl block.
///
/// Write the impl block, not this trait: its items are the contract between the macro and the runtime.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an MCP server",
    label = "not a typed server",
    note = "put `#[mcp_server]` on an `impl {Self}` block with at least one `#[tool]`, `#[resource]` or `#[prompt]`"
)]
pub trait Server: Sized + Send + Sync + 'static {
    /// The names of what the server lists, as far as they are known.
    #[doc(hidden)]
    const NAMES: &'static parts::Names = parts::Names::NONE;

    /// Lists what the server has. Called once, when the server is mounted.
    #[doc(hidden)]
    fn describe(into: &mut describe::Describe);

    /// Serves one call of a listed method.
    #[doc(hidden)]
    fn dispatch(this: Arc<Self>, call: Call) -> BoxFuture<'static, Result<String>>;
}

#[cfg(test)]
mod tests;
