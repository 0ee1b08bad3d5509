//! The proxy that one writes first: a typed `rmcp` handler that forwards to one `Peer`.

use std::sync::Arc;

use anyhow::Result;
use axum::serve::ListenerExt;
use clap::Args;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientConfig, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RunningService, ServiceError};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ErrorData, Peer, RoleClient, RoleServer, ServerHandler, ServiceExt};
use tokio::net::TcpListener;
use tokio::process::Command;

/// Which child the proxy forwards to, and how it answers.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where to listen (port 0: any; the bound address is printed on stderr).
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    http: String,
    /// Answer with plain JSON, without sessions, instead of SSE.
    #[arg(long)]
    json: bool,
    /// Forward to this HTTP child.
    #[arg(long, value_name = "URL", conflicts_with = "command")]
    url: Option<String>,
    /// Forward to this stdio child: program and arguments, after `--`.
    #[arg(last = true, required_unless_present = "url")]
    command: Vec<String>,
}

/// Serves until killed.
pub(crate) fn run(options: &Options) -> Result<()> {
    // What `#[tokio::main]` gives: a worker thread per core.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(options))
}

async fn serve(options: &Options) -> Result<()> {
    let child = connect(options).await?;
    let forward = Forward {
        peer: child.peer().clone(),
    };
    let config = if options.json {
        StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
    } else {
        StreamableHttpServerConfig::default()
    };
    let service = StreamableHttpService::new(
        move || Ok(forward.clone()),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    let listener = TcpListener::bind(&options.http).await?;
    eprintln!("rmcp proxy on http://{}/mcp", listener.local_addr()?);
    // Without this every SSE answer would wait for a delayed ACK.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await?;
    Ok(())
}

async fn connect(options: &Options) -> Result<RunningService<RoleClient, ClientConfig>> {
    if let Some(url) = &options.url {
        // rmcp's HTTP client wants a TLS provider even for plain HTTP; a second call is harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let transport = StreamableHttpClientTransport::from_uri(url.as_str());
        return Ok(ClientConfig::default().serve(transport).await?);
    }
    let (program, arguments) = options
        .command
        .split_first()
        .ok_or_else(|| anyhow::anyhow!("no child given"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(ClientConfig::default()
        .serve(TokioChildProcess::new(command)?)
        .await?)
}

#[derive(Clone)]
struct Forward {
    peer: Peer<RoleClient>,
}

impl ServerHandler for Forward {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.peer.list_tools(request).await.map_err(passed_on)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.peer.call_tool_once(request).await.map_err(passed_on)
    }
}

fn passed_on(error: ServiceError) -> ErrorData {
    match error {
        ServiceError::McpError(error) => error,
        other => ErrorData::internal_error(other.to_string(), None),
    }
}
