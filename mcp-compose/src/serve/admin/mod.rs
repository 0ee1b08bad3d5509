//! The admin listener: health in detail, and a status page. Off unless it is asked for.
//!
//! It runs on the runtime of whoever serves the composition, never on the relay's thread, and looks at the gateway only
//! when somebody asks: nothing that it does can hold up a call.

mod events;
mod listen;
mod login;
mod masked;
mod page;
mod site;
mod snapshot;
mod tool;
mod trial;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

use self::site::Site;
use super::http::check_bind;
use super::{HttpOptions, Running, ServeError};
use crate::Composition;
use crate::gateway::Gateway;

/// Where the status page of a composition is, and for whom.
///
/// Beside the page, `/livez`, `/readyz` and `/startupz` are served there, with details of each child for whoever may see
/// the page. An address that others can reach needs a token, as it does for clients: a browser is asked for it once.
///
/// ```
/// use std::net::SocketAddr;
/// use mcp_compose::{Admin, HttpOptions, compose};
///
/// # fn token() -> String { "a-long-random-text".into() }
/// let address = SocketAddr::from(([127, 0, 0, 1], 9808));
/// let options = HttpOptions::default().bearer(token());
/// let composition = compose! { database: stdio("db-server") }
///     .admin(Admin::at(address).options(options));
/// # drop(composition);
/// ```
#[derive(Debug, Clone)]
pub struct Admin {
    address: SocketAddr,
    options: HttpOptions,
}

impl Admin {
    /// At this address; port 0 takes a free one, which is printed on stderr.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            options: HttpOptions::default(),
        }
    }

    /// Who is let in: tokens, names of the host, and origins, as for clients. The other settings are without effect.
    #[must_use]
    pub fn options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }
}

impl Composition {
    /// Serves a status page as well, for as long as the composition is served. Off unless it is asked for.
    ///
    /// This is for compositions that are served by [`run`](Self::run), over stdio or over HTTP. A program with a web server
    /// of its own has [`Running::admin_router`].
    pub fn admin(mut self, admin: Admin) -> Self {
        self.settings.admin = Some(admin);
        self
    }
}

impl Running {
    /// The status page as an axum router, for the root of a listener of its own: see [`Admin`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mcp_compose::ServeError> {
    /// use mcp_compose::{HttpOptions, compose};
    ///
    /// let running = compose! { name = "tools" }.start()?;
    /// let page: axum::Router = running.admin_router(HttpOptions::default());
    /// # drop(page);
    /// # Ok(())
    /// # }
    /// ```
    pub fn admin_router(&self, options: HttpOptions) -> axum::Router {
        site::router(&Site::new(self.gateway(), options))
    }
}

/// An address that is listened on, before any child is started: what cannot be served must not start them a second time.
#[derive(Debug)]
pub(super) struct Bound {
    listener: std::net::TcpListener,
    options: HttpOptions,
}

impl Bound {
    pub(super) fn of(composition: &Composition) -> Result<Option<Self>, ServeError> {
        let Some(Admin { address, options }) = composition.settings.admin.clone() else {
            return Ok(None);
        };
        check_bind(address, &options).map_err(|open| ServeError::Exposed(open.to_string()))?;
        options.check().map_err(ServeError::Auth)?;
        let bind = |source| ServeError::Bind { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        Ok(Some(Self { listener, options }))
    }

    /// Serves, and says where, until what it gives is dropped.
    pub(super) fn start(
        self,
        gateway: &Arc<Gateway>,
        runtime: &Handle,
    ) -> Result<AbortOnDropHandle<()>, ServeError> {
        let address = self.listener.local_addr()?;
        let router = site::router(&Site::new(gateway, self.options));
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(self.listener)?
        };
        // A line for people and for programs that asked for port 0.
        eprintln!("mcp-compose: status page on http://{address}/");
        let served = listen::serve(listener, router);
        Ok(AbortOnDropHandle::new(runtime.spawn(served)))
    }
}
