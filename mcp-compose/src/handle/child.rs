//! A handle of one child.

use std::fmt;
use std::sync::{Arc, Weak};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;

use super::{Args, CallError, CallResult, Declared, Mount, Report, Status};
use crate::child::listing::Kind;
use crate::child::supervisor;
use crate::gateway::Gateway;
use crate::server::Ctx;
use crate::wire::{Object, Raw, json};

/// A handle of a child, to call it from the program itself. Cheap to clone.
///
/// Names and URIs are the child's own: `query`, not `database_query`. Tools that are hidden from
/// clients can be called.
///
/// A call that a method of a typed server makes belongs to whoever called that method: the child's
/// questions go to that client, its progress and log messages too, and when the client cancels, so
/// is this call. A task that the method spawns makes calls for nobody, unless its handle comes from
/// [`Ctx::child`](crate::Ctx::child).
///
/// Handles come from `compose! { struct .. }`, [`Ctx::child`](crate::Ctx::child),
/// [`Children`](crate::Children) and [`Running::child`](crate::Running::child). A child that does
/// not run yet is started by its first call.
#[derive(Clone)]
pub struct Child {
    name: Arc<str>,
    at: At,
    ctx: Option<Ctx>,
}

#[derive(Clone)]
enum At {
    Running(Weak<Gateway>, u64),
    Declared(Declared, Arc<Mount>),
    Nowhere,
}

/// A child that runs, and the composition that it runs in.
pub(super) type Found = (Arc<Gateway>, Arc<supervisor::Child>);

impl Child {
    pub(super) fn running(gateway: Weak<Gateway>, id: u64, name: &str) -> Self {
        Self::at(name, At::Running(gateway, id))
    }

    pub(super) fn declared(of: Declared, mount: Arc<Mount>, name: &str) -> Self {
        Self::at(name, At::Declared(of, mount))
    }

    pub(super) fn gone(name: &str) -> Self {
        Self::at(name, At::Nowhere)
    }

    fn at(name: &str, at: At) -> Self {
        Self {
            name: name.into(),
            at,
            ctx: None,
        }
    }

    pub(super) fn for_caller(mut self, ctx: Option<&Ctx>) -> Self {
        self.ctx = ctx.cloned();
        self
    }

    /// Its namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls a tool.
    ///
    /// ```
    /// # use mcp_compose::{args, Child, CallError};
    /// # async fn f(database: Child) -> Result<(), CallError> {
    /// let rows: Vec<u32> = database.call("query", args! { sql: "SELECT 1" }).await?.structured()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CallError::Tool`] when the tool itself says that it failed, with its whole result;
    /// [`CallError::Failed`] when the child refuses the call or cannot be reached.
    pub async fn call(&self, tool: &str, args: impl Into<Args>) -> Result<CallResult, CallError> {
        let result = self.named_call("tools/call", tool, args.into()).await?;
        if result.is_error() {
            return Err(CallError::Tool {
                child: self.name.to_string(),
                tool: tool.to_owned(),
                result,
            });
        }
        Ok(result)
    }

    /// As [`call`](Self::call) and then [`CallResult::structured`].
    ///
    /// # Errors
    /// As those two.
    pub async fn call_as<T: DeserializeOwned>(
        &self,
        tool: &str,
        args: impl Into<Args>,
    ) -> Result<T, CallError> {
        self.call(tool, args).await?.structured()
    }

    /// The tools of the child, each as it lists them. Filters and new names are for clients, and do
    /// not apply.
    ///
    /// # Errors
    /// When the child cannot be reached.
    pub async fn list_tools(&self) -> Result<Vec<Value>, CallError> {
        let (gateway, child) = self.find()?;
        let started = AbortOnDropHandle::new(gateway.relay().spawn(async move {
            let started = child.instance().await.map(|_| ());
            started
                .map(|()| child.listing())
                .map_err(|why| why.reason.to_string())
        }));
        let listing = started.await.map_err(|_| self.ended())?;
        let listing = listing.map_err(|reason| CallError::Failed {
            child: self.name.to_string(),
            code: crate::wire::message::code::INTERNAL,
            message: format!("child \"{}\" is not available: {reason}", self.name),
            data: None,
        })?;
        let tools = listing.of(Kind::Tools).iter();
        Ok(tools
            .filter_map(|tool| serde_json::from_str(tool.raw.as_str()).ok())
            .collect())
    }

    /// Reads a resource, by the URI that the child gives it or by the one that clients see.
    ///
    /// # Errors
    /// [`CallError::Failed`].
    pub async fn read(&self, uri: &str) -> Result<CallResult, CallError> {
        let (gateway, child) = self.find()?;
        let route = gateway.catalog().resource(uri);
        let uri = match route {
            Some(route) if route.child.id == child.id => route.original.to_string(),
            _ => uri.to_owned(),
        };
        let mut params = Object::default();
        params.set("uri", json::quote(&uri));
        self.send("resources/read", params.to_raw()).await
    }

    /// Gets a prompt.
    ///
    /// # Errors
    /// [`CallError::Failed`].
    pub async fn prompt(&self, name: &str, args: impl Into<Args>) -> Result<CallResult, CallError> {
        self.named_call("prompts/get", name, args.into()).await
    }

    /// Where its life stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.report().status
    }

    /// As [`status`](Self::status), with since when it is so, and what is known of the child besides.
    ///
    /// ```
    /// # use mcp_compose::Child;
    /// # fn f(database: Child) {
    /// let report = database.report();
    /// if let Some(why) = &report.last_failure {
    ///     eprintln!("{:?} for {:?}, restarted {} times: {why}", report.status, report.lasting, report.restarts);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn report(&self) -> Report {
        let found = match &self.at {
            At::Declared(_, mount) => match mount.get() {
                Some(found) => Ok(found),
                None => return Report::of_nothing(Status::Idle),
            },
            _ => self.find(),
        };
        match found {
            Ok((_, child)) => Report::of(&child),
            Err(error) => Report::of_nothing(Status::Stopped {
                reason: error.to_string(),
            }),
        }
    }

    /// Ends every session of the child, with its process, and starts another for all clients; those of
    /// single clients are started by their next calls. Calls in flight fail. A child that is parked,
    /// paused or stopped is started at once; one that nobody has needed yet is not.
    pub fn restart(&self) {
        let found = match &self.at {
            At::Declared(_, mount) => mount.get(),
            _ => self.find().ok(),
        };
        if let Some((_, child)) = found {
            child.restart();
        }
    }

    async fn named_call(
        &self,
        method: &'static str,
        name: &str,
        args: Args,
    ) -> Result<CallResult, CallError> {
        let args = args.into_json().map_err(|problem| CallError::Arguments {
            child: self.name.to_string(),
            problem,
        })?;
        let mut params = Object::default();
        params.set("name", json::quote(name));
        params.set("arguments", args);
        self.send(method, params.to_raw()).await
    }

    /// Runs where the relay runs, and ends when nobody waits for it.
    async fn send(&self, method: &'static str, params: Raw) -> Result<CallResult, CallError> {
        let (gateway, child) = self.find()?;
        let ctx = self.ctx.clone().or_else(Ctx::current);
        let relay = gateway.relay().clone();
        let call = gateway.call_child(ctx, child, method, params);
        let answered = AbortOnDropHandle::new(relay.spawn(call)).await;
        match answered {
            Ok(Ok(result)) => Ok(CallResult::new(Arc::clone(&self.name), result)),
            Ok(Err(error)) => Err(CallError::of(&self.name, &error)),
            Err(_) => Err(self.ended()),
        }
    }

    fn find(&self) -> Result<Found, CallError> {
        let found = match &self.at {
            At::Running(gateway, id) => gateway
                .upgrade()
                .and_then(|gateway| gateway.child(*id).map(|child| (gateway, child))),
            At::Declared(declared, mount) => match mount.get() {
                Some(found) => Some(found),
                None => declared
                    .own(&self.name)
                    .map_err(|source| CallError::Start {
                        child: self.name.to_string(),
                        source,
                    })?,
            },
            At::Nowhere => None,
        };
        found.ok_or_else(|| self.ended())
    }

    fn ended(&self) -> CallError {
        CallError::Gone {
            child: self.name.to_string(),
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("name", &self.name)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
