//! A server with everything that the official conformance suites ask for, written on rmcp: a third party's child.
//!
//! Without arguments it serves stdio; with `--http` streamable HTTP on a free port, its URL printed as one line.

use mcp_compose_tests::everything::Everything;

#[tokio::main]
async fn main() {
    mcp_compose_tests::rmcp_server::serve(Everything::default()).await;
}
