//! What methods take from the call rather than from its arguments, by type.

mod client;
mod http;
mod meta;

use super::{Call, Ctx, ToolError};
use crate::{Children, Principal};

pub use self::{
    client::ClientInfo,
    http::{Extension, Headers},
    meta::Meta,
};

/// A type that a method takes from the call rather than from its arguments.
///
/// A parameter of such a type is not part of the input schema, whatever else the type implements; `Option<T>` is `None`
/// where `T` refuses. These are taken from the call: [`Ctx`], [`Cancel`], [`Caller`], [`ClientInfo`], [`Children`],
/// [`Meta`], and [`Headers`] and [`Extension`] of the HTTP request. Yours is one more:
///
/// ```
/// use mcp_compose::{Call, FromCall, Result, ToolError, mcp_server};
///
/// /// Who the front of the service says it is.
/// struct Tenant(String);
///
/// impl FromCall for Tenant {
///     fn from_call(call: &Call) -> Result<Self> {
///         match call.header("x-tenant") {
///             Some(tenant) => Ok(Self(tenant.to_owned())),
///             None => Err(ToolError::new(format!("`{}` is for tenants only", call.name()))),
///         }
///     }
/// }
///
/// struct Invoices;
///
/// #[mcp_server]
/// impl Invoices {
///     /// How many invoices are open?
///     #[tool(read_only)]
///     fn open(&self, tenant: Tenant, year: u16) -> String {
///         format!("{} has none of {year}", tenant.0)
///     }
/// }
/// ```
pub trait FromCall: Sized {
    /// Makes it, or refuses the call.
    fn from_call(call: &Call) -> Result<Self, ToolError>;
}

impl FromCall for Ctx {
    fn from_call(call: &Call) -> Result<Self, ToolError> {
        Ok(call.ctx().clone())
    }
}

impl FromCall for Children {
    fn from_call(call: &Call) -> Result<Self, ToolError> {
        Ok(call.ctx().children())
    }
}

/// Tells when nobody waits for a call any longer: its caller has given up, or its time is over.
#[derive(Debug, Clone)]
pub struct Cancel(Ctx);

impl Cancel {
    /// Completes when nobody waits any longer.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.cancelled()
    }

    /// Whether nobody waits any longer.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl FromCall for Cancel {
    fn from_call(call: &Call) -> Result<Self, ToolError> {
        Ok(Self(call.ctx().clone()))
    }
}

/// Who a call is made for: equal for calls of the same [`Principal`], and nothing else can be read from it.
///
/// Good as a key of what belongs to one user. Over stdio there is one caller, who is anonymous.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller(Principal);

impl Caller {
    /// Whether the caller did not say who it is; all who do not are the same.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.0 == Principal::anonymous()
    }
}

impl FromCall for Caller {
    fn from_call(call: &Call) -> Result<Self, ToolError> {
        Ok(Self(call.ctx().origin().principal.clone()))
    }
}
