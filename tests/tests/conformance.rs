//! The official conformance suites: what passes on a third party's server passes through the aggregator as well.

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::conformance::{
    Outcome, Suite, differences, everything_over_http, everything_over_stdio, failures,
    rmcp_over_http, rmcp_over_stdio,
};
use mcp_compose_tests::raw::{LEGACY, Raw};
use serde_json::{Value, json};

const SUITES: [Suite; 3] = [Suite::Of2025, Suite::Of2026Legacy, Suite::Of2026];

/// Runs a suite on the server at `url`, and through an aggregator whose only child is `child`.
async fn nothing_changes(suite: Suite, url: &str, child: Value) {
    let direct = suite.run(url).await;
    let aggregator = Aggregator::http(&Config::new().child("everything", child)).await;
    Raw::http(&aggregator, LEGACY)
        .await
        .listed("test_simple_text")
        .await;
    let through = suite.run(&aggregator.url).await;
    let changed = differences(&direct, &through);
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
    ($($name:ident: $suite:ident, $server:ident, $child:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (_server, url) = $server().await;
            let child: fn(&str) -> Value = $child;
            nothing_changes(Suite::$suite, &url, child(&url)).await;
        }
    )*};
}

through! {
    the_2025_suite_through_a_python_http_child: Of2025, everything_over_http, over_http;
    the_2025_suite_through_a_python_stdio_child: Of2025, everything_over_http, |_| everything_over_stdio();
    the_2026_suite_through_a_python_http_child: Of2026, everything_over_http, over_http;
    the_2026_suite_through_a_python_stdio_child: Of2026, everything_over_http, |_| everything_over_stdio();
    the_2026_suite_at_2025_through_a_python_http_child: Of2026Legacy, everything_over_http, over_http;
    the_2026_suite_at_2025_through_a_python_stdio_child: Of2026Legacy, everything_over_http, |_| everything_over_stdio();
    the_2025_suite_through_an_rmcp_http_child: Of2025, rmcp_over_http, over_http;
    the_2025_suite_through_an_rmcp_stdio_child: Of2025, rmcp_over_http, |_| rmcp_over_stdio();
    the_2026_suite_through_an_rmcp_http_child: Of2026, rmcp_over_http, over_http;
    the_2026_suite_through_an_rmcp_stdio_child: Of2026, rmcp_over_http, |_| rmcp_over_stdio();
}
