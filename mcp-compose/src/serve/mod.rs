//! The fronts: where clients connect.

pub(crate) mod client;
mod connected;
mod http;
mod relay_thread;
mod running;
mod serving;
mod stdio;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Composition;
use crate::gateway::Gateway;

pub use crate::gateway::client::Principal;
#[cfg(feature = "rmcp")]
pub(crate) use connected::{Connected, FLUSH};
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
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// An address that others can reach needs authentication, which is not set up.
    #[error("{0}")]
    Exposed(String),
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
        relay_thread::run(self, Clients::Many, move |gateway| {
            serve_at(gateway, address, options)
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
    address: SocketAddr,
    options: HttpOptions,
) -> Result<(), ServeError> {
    let bind = |source| ServeError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let bound = listener.local_addr().map_err(bind)?;
    // A line for people and for programs that asked for port 0.
    eprintln!("mcp-compose: serving on http://{bound}/mcp");
    let stop = CancellationToken::new();
    let stopping = async {
        relay_thread::told_to_stop().await;
        gateway.drain();
        stop.cancel();
    };
    let front = http::Front::new(Arc::clone(&gateway), options);
    tokio::join!(stopping, http::serve(listener, front, stop.clone()));
    Ok(())
}
