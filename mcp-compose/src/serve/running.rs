//! A composition that runs inside a program with a server of its own.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::{HttpOptions, ServeError, http};
use crate::gateway::Gateway;
use crate::wire::peer::lock;
use crate::{Child, Composition, IntoChild, Problem};

/// A running composition: its router, and its children at run time.
///
/// Clones are handles to the same one. Its children end when [`Running::stop`] is called, or when
/// the last handle and the last router are dropped.
///
/// ```
/// use mcp_compose::{Composition, child::stdio};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let running = Composition::builder().name("factory").build().start()?;
/// let app: axum::Router = running.router();
/// running.add("notes", stdio("notes-server").lazy())?;
/// assert!(running.remove("notes"));
/// running.stop().await;
/// # drop(app);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Running {
    gateway: Arc<Gateway>,
}

impl Composition {
    /// Starts the composition on the current runtime, for programs that serve it themselves.
    ///
    /// # Errors
    /// When the composition is wrong.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<Running, ServeError> {
        self.ready()?;
        Ok(Running {
            gateway: Gateway::start(self, Handle::current()),
        })
    }

    /// As [`Composition::start`] and then [`Running::router`]: the children live as long as the
    /// router.
    ///
    /// # Errors
    /// When the composition is wrong.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn into_router(self) -> Result<axum::Router, ServeError> {
        Ok(self.start()?.router())
    }
}

impl Running {
    /// An axum router that serves the composition at `/mcp`, to clients on this machine.
    pub fn router(&self) -> axum::Router {
        self.router_with(HttpOptions::default())
    }

    /// As [`Running::router`], with settings: the name of a public server has to be
    /// [allowed](HttpOptions::allow_host).
    pub fn router_with(&self, options: HttpOptions) -> axum::Router {
        http::router(&http::Front::new(Arc::clone(&self.gateway), options))
    }

    /// Adds a child. Open connections are told what it adds, once it has started.
    ///
    /// # Errors
    /// When the namespace is not valid or taken, or the child is declared wrongly.
    pub fn add(&self, namespace: &str, child: impl IntoChild) -> Result<(), ServeError> {
        let added = Composition::builder().child(namespace, child).build();
        added.ready()?;
        let _changing = lock(&self.gateway.changing);
        if self.find(namespace).is_some() {
            let problem =
                Problem::error(namespace, "the namespace is taken; remove that child first");
            return Err(ServeError::Composition(vec![problem]));
        }
        self.gateway.add_children(added.children);
        Ok(())
    }

    /// Ends a child and takes back what it offered; its calls in flight fail. False if there is
    /// none of that namespace.
    pub fn remove(&self, namespace: &str) -> bool {
        let _changing = lock(&self.gateway.changing);
        let Some(id) = self.find(namespace) else {
            return false;
        };
        self.gateway.remove_child(id);
        true
    }

    /// A handle of the child of this namespace, to call it from the program.
    pub fn child(&self, namespace: &str) -> Option<Child> {
        self.gateway.handles().get(namespace)
    }

    /// Takes no new calls from now on: they are refused as `draining` (over HTTP with 503), so that
    /// clients turn to another server. Calls in flight go on; [`stop`](Self::stop) ends them.
    ///
    /// Streams that clients listen on for changes end.
    pub fn drain(&self) {
        self.gateway.drain();
    }

    /// Whether [`drain`](Self::drain) or [`stop`](Self::stop) has been called: what answers whether
    /// this program is ready for more work.
    pub fn is_draining(&self) -> bool {
        self.gateway.draining().is_cancelled()
    }

    /// Ends every child and waits for that, within a bound of seconds.
    pub async fn stop(&self) {
        self.gateway.stop().await;
    }

    /// What is counted of the composition, in the text format of Prometheus
    /// (`text/plain; version=0.0.4`): states, calls and durations of children, sessions, the catalog.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use mcp_compose::Composition;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let running = Composition::builder().name("factory").build().start()?;
    /// let metrics = running.clone();
    /// // On a listener of its own: the figures are nobody else's business.
    /// let admin: Router = Router::new().route("/metrics", get(move || async move { metrics.metrics() }));
    /// # assert!(running.metrics().contains("mcp_compose_sessions 0\n"));
    /// # drop(admin);
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics(&self) -> String {
        self.gateway.metrics()
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    fn find(&self, namespace: &str) -> Option<u64> {
        let children = self.gateway.children();
        let named = |child: &&Arc<_>| -> bool {
            let child: &crate::child::supervisor::Child = child;
            child
                .spec
                .namespace
                .as_ref()
                .is_some_and(|known| known.as_str() == namespace)
        };
        children.iter().find(named).map(|child| child.id)
    }
}
