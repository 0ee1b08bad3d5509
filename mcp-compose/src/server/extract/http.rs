//! The HTTP request that a call came with.

use std::{any::type_name, fmt, ops::Deref};

use http::{
    HeaderMap, HeaderName,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
};

use super::FromCall;
use crate::server::{Call, ToolError, error::RpcError};

/// Credentials are for the front, which has checked them: what it knows of the user is in an [`Extension`].
const CREDENTIALS: [HeaderName; 3] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];

/// The headers of the HTTP request that a call came with; empty over stdio.
///
/// Without `Authorization`, `Proxy-Authorization` and `Cookie`: credentials are for the front of the service.
///
/// ```
/// use mcp_compose::{Headers, mcp_server};
///
/// struct Greeter;
///
/// #[mcp_server]
/// impl Greeter {
///     /// Greet in the caller's language.
///     #[tool(read_only)]
///     fn greet(&self, headers: Headers) -> &'static str {
///         match headers.get("accept-language") {
///             Some(languages) if languages.starts_with("de") => "Guten Tag",
///             _ => "Good day",
///         }
///     }
/// }
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Headers(HeaderMap);

impl Headers {
    /// The first value of a header, if there is one and it is text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}

impl Deref for Headers {
    type Target = HeaderMap;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

// Other headers may be secrets as well.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromCall for Headers {
    fn from_call(call: &Call) -> Result<Self, ToolError> {
        let Some(request) = &call.ctx().origin().http else {
            return Ok(Self::default());
        };
        let mut headers = request.headers.clone();
        for name in &CREDENTIALS {
            headers.remove(name);
        }
        Ok(Self(headers))
    }
}

/// An extension of the HTTP request that a call came with: what a layer before the server has put there.
///
/// A call without it is refused; take an `Option<Extension<T>>` where it may be missing, as it is over stdio.
///
/// ```
/// use mcp_compose::{Extension, mcp_server};
///
/// #[derive(Clone)]
/// struct User {
///     name: String,
/// }
///
/// struct Greeter;
///
/// #[mcp_server]
/// impl Greeter {
///     /// Greet the user.
///     #[tool(read_only)]
///     fn greet(&self, user: Extension<User>) -> String {
///         format!("Hello, {}!", user.name)
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extension<T>(pub T);

impl<T> Deref for Extension<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone + Send + Sync + 'static> FromCall for Extension<T> {
    fn from_call(call: &Call) -> Result<Self, ToolError> {
        let found = call.extension::<T>().cloned().map(Self);
        found.ok_or_else(|| {
            let message = format!(
                "`{}` needs the extension `{}`, which no layer has put into the HTTP request",
                call.name(),
                type_name::<T>()
            );
            RpcError::new(RpcError::INTERNAL, message).into()
        })
    }
}

impl Call {
    /// The first value of a header of the HTTP request, if it is text; never one of those that [`Headers`] leaves out.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = HeaderName::try_from(name).ok()?;
        if CREDENTIALS.contains(&name) {
            return None;
        }
        let request = self.ctx().origin().http.as_ref()?;
        request.headers.get(name)?.to_str().ok()
    }

    /// An extension of the HTTP request, if there is one of this type.
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.ctx().origin().http.as_ref()?.extensions.get()
    }
}
