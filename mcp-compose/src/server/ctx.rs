//! The context of a call: progress, log, cancellation and what the caller sent along.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json, value::RawValue};
use tokio_util::sync::CancellationToken;

use super::error::{Result, RpcError, ToolError};
use super::round::{Asking, Round};
use crate::handle::{Child, Children};
use crate::wire::Origin;

tokio::task_local! {
    static CURRENT: Ctx;
}

/// The context of the call that a method serves; take it as `ctx: &Ctx` or `ctx: Ctx`.
///
/// Telling never fails: what the client did not ask for is not sent. Asking does, where the client
/// cannot be asked; see [`elicit`](Self::elicit).
#[derive(Clone)]
pub struct Ctx(Arc<Inner>);

struct Inner {
    parts: CtxParts,
    round: Round,
    last_progress: Mutex<Option<f64>>,
    finished: AtomicBool,
}

/// What the relay knows about a call that it hands to a typed server.
pub(crate) struct CtxParts {
    /// The caller's progress token, as raw JSON.
    pub(crate) progress_token: Option<String>,
    /// The least severe level the client asked for; `None`: it wants no log.
    pub(crate) log_level: Option<LogLevel>,
    /// Sends a notification: method and raw params.
    pub(crate) notify: Arc<Notify>,
    /// Cancelled when the caller gives up.
    pub(crate) cancel: CancellationToken,
    /// The caller's `_meta`, as raw JSON.
    pub(crate) meta: Option<String>,
    /// How the caller is asked.
    pub(crate) asking: Asking,
    /// Who calls, and by what.
    pub(crate) origin: Arc<Origin>,
}

type Notify = dyn Fn(&str, String) + Send + Sync;

impl Ctx {
    pub(crate) fn new(parts: CtxParts) -> Self {
        Self(Arc::new(Inner {
            round: Round::new(parts.asking.clone()),
            parts,
            last_progress: Mutex::new(None),
            finished: AtomicBool::new(false),
        }))
    }

    /// Tells the caller how far the call has come: `n` of `total`, or `()` for a total that is not known.
    ///
    /// Sent only if the caller asked for progress, and only if `n` is more than before. Awaiting is optional.
    pub fn progress(&self, n: impl Amount, total: impl Amount) -> Sent {
        self.send_progress(n.number(), total.number(), None)
    }

    /// Like [`progress`](Self::progress), with a line for a person.
    pub fn progress_with(
        &self,
        n: impl Amount,
        total: impl Amount,
        message: impl fmt::Display,
    ) -> Sent {
        self.send_progress(n.number(), total.number(), Some(message.to_string()))
    }

    /// Sends a log message, if the client wants messages of this level.
    pub fn log(&self, level: LogLevel, data: impl Serialize) -> Sent {
        let wanted = self.0.parts.log_level.is_some_and(|least| level >= least);
        if wanted && let Ok(data) = serde_json::to_value(data) {
            self.notify(
                "notifications/message",
                &json!({ "level": level.as_str(), "data": data }),
            );
        }
        Sent(())
    }

    /// Tells those who subscribed to a resource of this server that it changed.
    ///
    /// Unlike progress, this is not about the call: a clone of the context may tell it later.
    pub fn resource_changed(&self, uri: impl Into<String>) -> Sent {
        let params = json!({ "uri": uri.into() });
        (self.0.parts.notify)("notifications/resources/updated", params.to_string());
        Sent(())
    }

    /// Completes when the caller has given up on this call.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.parts.cancel.clone().cancelled_owned()
    }

    /// Whether the caller has given up on this call.
    pub fn is_cancelled(&self) -> bool {
        self.0.parts.cancel.is_cancelled()
    }

    /// The `_meta` that the caller sent; `Null` if there was none.
    pub fn meta(&self) -> Value {
        self.0
            .parts
            .meta
            .as_deref()
            .and_then(|raw| serde_json::from_str(raw).ok())
            .unwrap_or_default()
    }

    /// Nothing may follow the result, not even from a clone that outlives the call.
    pub(super) fn finish(&self) {
        self.0.finished.store(true, Ordering::Release);
        self.0.round.close("the call is over");
    }

    /// What this call asks.
    pub(super) fn round(&self) -> &Round {
        &self.0.round
    }

    pub(super) fn cancellation(&self) -> &CancellationToken {
        &self.0.parts.cancel
    }

    /// The context of the method that runs here: set around it, and not inherited by tasks that it
    /// spawns.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs `method` as the method that this is the context of.
    pub(crate) async fn scope<F: Future>(self, method: F) -> F::Output {
        CURRENT.scope(self, method).await
    }

    /// The same, of a method that is not `async`.
    pub(crate) fn scope_sync<R>(self, method: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, method)
    }

    /// Who calls, and by what.
    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.0.parts.origin
    }

    /// The `_meta` that the caller sent, raw.
    pub(crate) fn raw_meta(&self) -> Option<&str> {
        self.0.parts.meta.as_deref()
    }

    /// The children of the composition that serves this call.
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// # async fn f(ctx: &Ctx) -> Result<()> {
    /// for name in ctx.children().names() {
    ///     ctx.log(LogLevel::Info, format!("there is {name}")).await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn children(&self) -> Children {
        self.0.parts.origin.children.for_caller(self)
    }

    /// The child of this namespace. What it asks and tells while it serves this method goes to the
    /// caller of this method.
    ///
    /// ```
    /// # use mcp_compose::{args, prelude::*};
    /// # async fn f(ctx: &Ctx) -> Result<String> {
    /// let rows = ctx.child("database")?.call("query", args! { sql: "SELECT 1" }).await?;
    /// # Ok(
    /// rows.text()
    /// # )
    /// # }
    /// ```
    ///
    /// # Errors
    /// When there is none of that name; the error lists those that there are.
    pub fn child(&self, namespace: &str) -> Result<Child> {
        let children = self.children();
        children.get(namespace).ok_or_else(|| {
            let names = children.names().join("`, `");
            let known = match names.as_str() {
                "" => "there are none".to_owned(),
                names => format!("children: `{names}`"),
            };
            ToolError::new(format_args!("there is no child `{namespace}`; {known}"))
        })
    }

    /// Asks the caller what a child asks, while the method goes on.
    pub(crate) fn relay_question(
        &self,
        method: &str,
        params: &str,
    ) -> BoxFuture<'static, std::result::Result<String, RpcError>> {
        if self.0.finished.load(Ordering::Acquire) {
            let over = RpcError::new(RpcError::INTERNAL, "the call is over");
            return Box::pin(std::future::ready(Err(over)));
        }
        self.0.round.relay(method, params.to_owned())
    }

    /// Tells the caller of a child's progress, under the caller's own token. It still only grows.
    pub(crate) fn relay_progress(&self, params: &str) {
        #[derive(Deserialize)]
        struct Told {
            progress: Number,
            #[serde(default)]
            total: Option<Number>,
            #[serde(default)]
            message: Option<String>,
        }
        if let Ok(told) = serde_json::from_str::<Told>(params) {
            self.send_progress(Some(told.progress), told.total, told.message);
        }
    }

    /// Tells the caller what a child tells.
    pub(crate) fn relay_notification(&self, method: &str, params: &str) {
        if !self.0.finished.load(Ordering::Acquire) {
            (self.0.parts.notify)(method, params.to_owned());
        }
    }

    fn send_progress(
        &self,
        n: Option<Number>,
        total: Option<Number>,
        message: Option<String>,
    ) -> Sent {
        let Some(token) = &self.0.parts.progress_token else {
            return Sent(());
        };
        let Some((n, value)) = n.and_then(|n| n.as_f64().map(|value| (n, value))) else {
            return Sent(());
        };
        let Ok(token) = serde_json::from_str::<Box<RawValue>>(token) else {
            return Sent(());
        };
        // Held while sending, so that the order on the wire is the order of the numbers.
        let mut last = self
            .0
            .last_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| value <= last) {
            return Sent(());
        }
        *last = Some(value);
        let progress = Progress {
            progress_token: &token,
            progress: n,
            total,
            message,
        };
        self.notify("notifications/progress", &progress);
        Sent(())
    }

    fn notify(&self, method: &'static str, params: &impl Serialize) {
        if self.0.finished.load(Ordering::Acquire) {
            return;
        }
        if let Ok(params) = serde_json::to_string(params) {
            (self.0.parts.notify)(method, params);
        }
    }
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("progress_token", &self.0.parts.progress_token)
            .field("log_level", &self.0.parts.log_level)
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress<'p> {
    progress_token: &'p RawValue,
    progress: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// A notification that is on its way. It is sent whether or not this is awaited.
#[derive(Debug)]
pub struct Sent(());

impl Future for Sent {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// How severe a log message is, least severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// For whoever debugs the server.
    Debug,
    /// What happens in general.
    Info,
    /// Normal but significant.
    Notice,
    /// Something may be wrong.
    Warning,
    /// Something is wrong.
    Error,
    /// A component is failing.
    Critical,
    /// Somebody must act now.
    Alert,
    /// The system is unusable.
    Emergency,
}

impl LogLevel {
    /// All levels, least severe first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// The name of the level on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// The level of that name on the wire.
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// A number for [`Ctx::progress`]: any integer or float, an `Option` of one, or `()` for "not known".
pub trait Amount {
    /// The JSON number, if there is one.
    fn number(self) -> Option<Number>;
}

macro_rules! amounts {
    ($($integer:ty)*) => {$(
        impl Amount for $integer {
            fn number(self) -> Option<Number> {
                Some(self.into())
            }
        }
    )*};
}
amounts!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

impl Amount for f64 {
    fn number(self) -> Option<Number> {
        Number::from_f64(self)
    }
}

impl Amount for f32 {
    fn number(self) -> Option<Number> {
        Number::from_f64(self.into())
    }
}

impl Amount for () {
    fn number(self) -> Option<Number> {
        None
    }
}

impl<A: Amount> Amount for Option<A> {
    fn number(self) -> Option<Number> {
        self.and_then(A::number)
    }
}
