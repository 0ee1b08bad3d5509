//! How the servers on rmcp are served: over stdio, or with `--http` over streamable HTTP on a free port, whose URL is
//! printed as one line.

use std::sync::Arc;

use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::{ServerHandler, ServiceExt};

/// Serves until the client leaves or the process ends.
///
/// # Panics
/// When no client says hello, or no port can be had.
pub async fn serve<S: ServerHandler + Clone>(server: S) {
    if std::env::args().nth(1).as_deref() != Some("--http") {
        let running = server
            .serve(rmcp::transport::stdio())
            .await
            .expect("a client says hello");
        // Why it ended matters to nobody.
        let _ = running.waiting().await;
        return;
    }
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default()
            .with_allowed_origins(["http://localhost:*", "http://127.0.0.1:*"]),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    #[expect(clippy::print_stdout, reason = "whoever started it reads the URL")]
    {
        println!(
            "http://{}/mcp",
            listener.local_addr().expect("a bound address")
        );
    }
    axum::serve(listener, axum::Router::new().route_service("/mcp", service))
        .await
        .expect("serving does not fail");
}
