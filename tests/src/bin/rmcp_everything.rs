//! A server with everything that the official conformance suites ask for, written on rmcp: a third party's child.
//!
//! Without arguments it serves stdio; with `--http` streamable HTTP on a free port, its URL printed as one line.

use std::sync::Arc;

use mcp_compose_tests::everything::Everything;
use rmcp::ServiceExt;
use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

#[tokio::main]
async fn main() {
    let everything = Everything::default();
    if std::env::args().nth(1).as_deref() != Some("--http") {
        let running = everything
            .serve(rmcp::transport::stdio())
            .await
            .expect("a client says hello");
        // Why it ended matters to nobody.
        let _ = running.waiting().await;
        return;
    }
    let service = StreamableHttpService::new(
        move || Ok(everything.clone()),
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
