//! `mcp-compose` with traces and metrics for an OpenTelemetry collector: the feature `otel`.
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 traced serve --config mcp.json --stdio`

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    mcp_compose::cli::main().await
}
