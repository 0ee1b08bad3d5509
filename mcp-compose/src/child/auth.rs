//! Credentials that are made for each request to an HTTP child.

use std::error::Error;
use std::future::Future;

use ::http::HeaderMap;
use futures_util::future::{BoxFuture, FutureExt, TryFutureExt};

/// For whom a request to a child is made.
///
/// It holds nothing secret: what a client used to sign in here is never passed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallerInfo {
    /// The child that the request goes to: its namespace or, without one, the address of its server.
    pub child: String,
    /// The JSON-RPC method of the request, such as `tools/call`; empty when there is none.
    pub method: String,
    /// The name that the client gave for itself; anybody can claim any name.
    pub client_name: Option<String>,
    /// The version that the client gave for itself.
    pub client_version: Option<String>,
    /// What the provider answered for this caller was refused a moment ago (HTTP 401): what it has kept is not to be
    /// given again.
    pub refused: bool,
}

/// Makes the headers that a request to an HTTP child carries besides its fixed ones.
///
/// It is asked before every request, so that it should keep what it has fetched until that
/// expires. It has 30 s.
///
/// When the server refuses a request with HTTP 401, the provider is asked once more, with [`CallerInfo::refused`], and the
/// request is sent again if the answer is another one. Of many requests that are refused at once only the first does so;
/// the others are given what it got. A provider that is asked so in vain is left in peace for 5 s. A closure from [`CallerInfo`] to a future is a provider:
///
/// ```
/// use mcp_compose::child::{CallerInfo, HeaderMap, http};
///
/// let orders = http("https://orders.example.com/mcp").auth(|caller: CallerInfo| async move {
///     let mut headers = HeaderMap::new();
///     headers.insert("x-on-behalf-of", caller.client_name.unwrap_or_default().parse()?);
///     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(headers)
/// });
/// ```
pub trait AuthProvider: Send + Sync + 'static {
    /// The headers for one request, or why there are none; an error fails the request.
    fn headers(&self, caller: CallerInfo) -> BoxFuture<'_, AuthResult>;
}

/// What an [`AuthProvider`] answers.
pub type AuthResult = Result<HeaderMap, Box<dyn Error + Send + Sync>>;

impl<F, Fut, E> AuthProvider for F
where
    F: Fn(CallerInfo) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<HeaderMap, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    fn headers(&self, caller: CallerInfo) -> BoxFuture<'_, AuthResult> {
        self(caller).map_err(Into::into).boxed()
    }
}
