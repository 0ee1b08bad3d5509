//! The fronts: where clients connect.

#[cfg(feature = "admin")]
mod admin;
pub(crate) mod client;
mod connected;
mod health;
mod http;
pub(crate) mod refusal;
mod relay_thread;
mod running;
mod service_manager;
mod serving;
mod stdio;
mod stop;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use self::stop::Stop;
use crate::Composition;
use crate::gateway::Gateway;

pub use crate::gateway::client::Principal;
#[cfg(feature = "admin")]
pub use admin::Admin;
#[cfg(feature = "rmcp")]
pub(crate) use connected::{Connected, FLUSH};
pub use health::ReadyWhen;
pub use http::HttpOptions;
pub(crate) use relay_thread::{Clients, in_process};
pub use running::Running;
pub use serving::{Serving, serve};

/// Why a composition could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The composition itself is wrong; each problem says where and what to do.
    #[error("the composition cannot start:{}", lines(.0))]
    Composition(Vec<crate::Problem>),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}{}", advice(.source))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// An address that others can reach needs authentication, which is not set up.
    #[error("{0}")]
    Exposed(String),
    /// The tokens that clients are to show cannot be used.
    #[error("the tokens of clients cannot be used: {0}")]
    Auth(String),
    /// The standard streams or the relay's own thread failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

fn lines(problems: &[crate::Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect()
}

fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; another program listens there already: stop it, or take another port (0 for a free one)"
        }
        std::io::ErrorKind::PermissionDenied => "; take a port from 1024 on",
        _ => "",
    }
}

impl Composition {
    /// Serves one client over this process's stdin and stdout, until stdin ends or the process is
    /// told to stop. Every child is stopped before it returns.
    ///
    /// stdout belongs to the protocol: from here on, what other code prints there goes to stderr.
    ///
    /// # Errors
    /// When the composition is wrong, or the streams cannot be had.
    pub async fn serve_stdio(self) -> Result<(), ServeError> {
        self.ready()?;
        relay_thread::run(self, Clients::One, stdio::serve).await
    }

    /// Serves clients over streamable HTTP at `address`, path `/mcp`, until the process is told to
    /// stop. Port 0 takes a free port; the bound address is printed on stderr.
    ///
    /// Told to stop (SIGTERM, Ctrl-C), it takes no new calls and lets those in flight end, for
    /// [30 seconds](HttpOptions::drain) at most; after a second SIGTERM for five more; a second Ctrl-C
    /// ends it at once.
    ///
    /// # Errors
    /// When the composition is wrong, the address cannot be listened on, or it is not a loopback
    /// address.
    pub async fn serve_http(self, address: SocketAddr) -> Result<(), ServeError> {
        self.serve_http_with(address, HttpOptions::default()).await
    }

    /// As [`serve_http`](Self::serve_http), with settings.
    ///
    /// # Errors
    /// When the composition is wrong, the address cannot be listened on, or it is not a loopback
    /// address and the settings do not allow that.
    pub async fn serve_http_with(
        self,
        address: SocketAddr,
        options: HttpOptions,
    ) -> Result<(), ServeError> {
        self.ready()?;
        http::check_bind(address, &options)
            .map_err(|open| ServeError::Exposed(open.to_string()))?;
        options.check().map_err(ServeError::Auth)?;
        // Before any child is started: what cannot be served must not start them a second time.
        let bind = |source| ServeError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let listener = listener.into_std().map_err(bind)?;
        relay_thread::run(self, Clients::Many, move |gateway, stop| {
            serve_at(gateway, listener, options, stop)
        })
        .await
    }

    pub(crate) fn ready(&self) -> Result<(), ServeError> {
        let problems: Vec<_> = self
            .check()
            .into_iter()
            .filter(crate::Problem::is_error)
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ServeError::Composition(problems))
        }
    }
}

/// Listens, says where, and serves until the process is told to stop.
async fn serve_at(
    gateway: Arc<Gateway>,
    listener: std::net::TcpListener,
    options: HttpOptions,
    stop: Stop,
) -> Result<(), ServeError> {
    let listener = TcpListener::from_std(listener)?;
    let bound = listener.local_addr()?;
    // A line for people and for programs that asked for port 0.
    eprintln!("mcp-compose: serving on http://{bound}/mcp");
    service_manager::tell(service_manager::READY);
    let front = http::Front::new(Arc::clone(&gateway), options);
    let draining = async {
        stop.told().await;
        service_manager::tell(service_manager::STOPPING);
        gateway.drain();
    };
    tokio::join!(draining, http::serve(listener, front, stop.clone()));
    Ok(())
}
