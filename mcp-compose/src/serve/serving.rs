//! The short way to a running server.

use std::process::ExitCode;

use tokio::net::ToSocketAddrs;

use super::{HttpOptions, Running, ServeError};
use crate::{Composition, IntoComposition};

/// Serves a typed server, a [`Composition`], or any other child by itself: say next over what.
///
/// ```no_run
/// use mcp_compose::{mcp_server, serve};
///
/// struct Status;
///
/// #[mcp_server]
/// impl Status {
///     /// Is everything well?
///     #[tool(read_only)]
///     fn status(&self) -> &'static str {
///         "ok"
///     }
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), mcp_compose::ServeError> {
///     serve(Status).stdio().await
/// }
/// ```
pub fn serve(server: impl IntoComposition) -> Serving {
    Serving(server.into_composition())
}

/// What is to be served, made by [`serve`]. Each method is that of [`Composition`] by a shorter name.
#[derive(Debug)]
#[must_use = "say over what: `.stdio().await`, `.http(address).await`, `.run().await` or `.into_router()`"]
pub struct Serving(Composition);

impl Serving {
    /// Serves one client over stdin and stdout: see [`Composition::serve_stdio`].
    ///
    /// # Errors
    /// When the composition is wrong, or the streams cannot be had.
    pub async fn stdio(self) -> Result<(), ServeError> {
        self.0.serve_stdio().await
    }

    /// Serves streamable HTTP at an address, such as `"127.0.0.1:8080"`, path `/mcp`: see
    /// [`Composition::serve_http`]. Port 0 takes a free one. Of a name that stands for several
    /// addresses the first is taken.
    ///
    /// # Errors
    /// When the composition is wrong, the address is none or cannot be listened on, or it is not a
    /// loopback address.
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), mcp_compose::ServeError> {
    /// use mcp_compose::{compose, serve};
    ///
    /// serve(compose! { db: stdio("db-server") }).http("127.0.0.1:8080").await
    /// # }
    /// ```
    pub async fn http(self, address: impl ToSocketAddrs) -> Result<(), ServeError> {
        self.http_with(address, HttpOptions::default()).await
    }

    /// As [`http`](Self::http), with settings.
    ///
    /// # Errors
    /// As [`http`](Self::http), but where the settings allow another address.
    pub async fn http_with(
        self,
        address: impl ToSocketAddrs,
        options: HttpOptions,
    ) -> Result<(), ServeError> {
        let wrong = |why: String| {
            let why = format!("the address to listen on cannot be read: {why}");
            ServeError::Io(std::io::Error::new(std::io::ErrorKind::InvalidInput, why))
        };
        let found = tokio::net::lookup_host(address).await;
        let mut found = found.map_err(|error| wrong(error.to_string()))?;
        let first = found
            .next()
            .ok_or_else(|| wrong("it names none".to_owned()))?;
        self.0.serve_http_with(first, options).await
    }

    /// An axum router that serves at `/mcp` and at its root, to be merged into a program's own or nested
    /// in it: see [`Composition::into_router`].
    ///
    /// # Errors
    /// When the composition is wrong.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mcp_compose::ServeError> {
    /// use mcp_compose::{compose, serve};
    ///
    /// let tools = serve(compose! { name = "tools" }).into_router()?;
    /// let app: axum::Router = axum::Router::new().nest_service("/tools", tools);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_router(self) -> Result<axum::Router, ServeError> {
        self.0.into_router()
    }

    /// Starts it for a program that serves it by itself and wants to reach its children: see
    /// [`Composition::start`].
    ///
    /// # Errors
    /// When the composition is wrong.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<Running, ServeError> {
        self.0.start()
    }

    /// Serves one client over a transport of rmcp: see [`rmcp::serve`](crate::rmcp::serve()).
    ///
    /// # Errors
    /// When the composition is wrong, or the transport cannot be written to.
    #[cfg(feature = "rmcp")]
    pub async fn rmcp<T, E, A>(self, transport: T) -> Result<(), ServeError>
    where
        T: rmcp::transport::IntoTransport<rmcp::RoleServer, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        crate::rmcp::serve(self.0, transport).await
    }

    /// Gives this program a command line (`--stdio`, `--http HOST:PORT`, `list`, `call NAME JSON`): see
    /// [`Composition::run`].
    pub async fn run(self) -> ExitCode {
        self.0.run().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_none_and_one_that_others_reach_are_refused() {
        let empty = || serve(Composition::builder().build());
        let refused = empty().http("127.0.0.1").await.unwrap_err().to_string();
        assert!(
            refused.starts_with("the address to listen on cannot be read: "),
            "{refused}"
        );
        let exposed = empty().http("0.0.0.0:0").await;
        assert!(
            matches!(exposed, Err(ServeError::Exposed(_))),
            "{exposed:?}"
        );
    }
}
