//! The official conformance suites: what passes on a third party's server passes through the aggregator as well.

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::conformance::{
    Outcome, Server, Suite, differences, everything_over_http, everything_over_stdio, failures,
    rmcp_over_http, rmcp_over_stdio,
};
use mcp_compose_tests::raw::{LEGACY, Raw};
use serde_json::{Value, json};

const SUITES: [Suite; 3] = [Suite::Of2025, Suite::Of2026Legacy, Suite::Of2026];

/// Runs a suite on the server at `url`, and through an aggregator whose only child is `child`.
///
/// Both servers speak both eras, and ask in the way of the era in which they are spoken to: their tools for the
/// 2025-11-25 scenarios send requests, those for 2026-07-28 answer that input is required. So a client that can be asked
/// has to meet them in its own era.
async fn nothing_changes(suite: Suite, server: Server, url: &str, child: Value) {
    let direct = suite.run(url).await;
    let aggregator = Aggregator::http(&Config::new().child("everything", child)).await;
    Raw::http(&aggregator, LEGACY)
        .await
        .listed("test_simple_text")
        .await;
    let through = suite.run(&aggregator.url).await;
    let changed = differences(server, &direct, &through);
    assert!(
        changed.is_empty(),
        "{suite:?}:\n{}\n{}",
        changed.join("\n"),
        aggregator.process.stderr().all().join("\n")
    );
    passes(suite, &through);
}

fn passes(suite: Suite, outcome: &Outcome) {
    let failed = failures(outcome);
    assert!(failed.is_empty(), "{suite:?}:\n{}", failed.join("\n"));
    let scenarios: Vec<_> = outcome.keys().collect();
    assert_eq!(
        scenarios.len(),
        suite.scenarios(),
        "{suite:?}: {scenarios:?}"
    );
    let checks: usize = outcome.values().map(Vec::len).sum();
    assert!(checks >= 30, "{suite:?} made only {checks} checks");
}

fn over_http(url: &str) -> Value {
    json!({ "url": url, "namespace": "" })
}

#[tokio::test]
async fn the_python_server_passes_directly() {
    let (_server, url) = everything_over_http().await;
    for suite in SUITES {
        passes(suite, &suite.run(&url).await);
    }
}

#[tokio::test]
async fn the_rmcp_server_passes_directly() {
    let (_server, url) = rmcp_over_http().await;
    for suite in SUITES {
        passes(suite, &suite.run(&url).await);
    }
}

#[tokio::test]
async fn the_typed_server_passes_directly() {
    let server = Aggregator::example("conformance").await;
    for suite in SUITES {
        passes(suite, &suite.run(&server.url).await);
    }
}

macro_rules! through {
    ($($name:ident: $suite:ident, $server:ident, $start:ident, $child:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (_server, url) = $start().await;
            let child: fn(&str) -> Value = $child;
            nothing_changes(Suite::$suite, Server::$server, &url, child(&url)).await;
        }
    )*};
}

through! {
    the_2025_suite_through_a_python_http_child: Of2025, Python, everything_over_http, over_http;
    the_2025_suite_through_a_python_stdio_child: Of2025, Python, everything_over_http, |_| everything_over_stdio();
    the_2026_suite_through_a_python_http_child: Of2026, Python, everything_over_http, over_http;
    the_2026_suite_through_a_python_stdio_child: Of2026, Python, everything_over_http, |_| everything_over_stdio();
    the_2026_suite_at_2025_through_a_python_http_child: Of2026Legacy, Python, everything_over_http, over_http;
    the_2026_suite_at_2025_through_a_python_stdio_child: Of2026Legacy, Python, everything_over_http, |_| everything_over_stdio();
    the_2025_suite_through_an_rmcp_http_child: Of2025, Rmcp, rmcp_over_http, over_http;
    the_2025_suite_through_an_rmcp_stdio_child: Of2025, Rmcp, rmcp_over_http, |_| rmcp_over_stdio();
    the_2026_suite_through_an_rmcp_http_child: Of2026, Rmcp, rmcp_over_http, over_http;
    the_2026_suite_through_an_rmcp_stdio_child: Of2026, Rmcp, rmcp_over_http, |_| rmcp_over_stdio();
}
