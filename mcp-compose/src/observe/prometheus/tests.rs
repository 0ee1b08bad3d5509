use std::time::Duration;

use super::*;
use crate::Composition;
use crate::child::stdio;
use crate::observe::figures::Outcome;

fn gateway() -> std::sync::Arc<Gateway> {
    let child = stdio("no-such-server").lazy();
    let composition = Composition::builder().child("files", child).build();
    Gateway::start(composition, tokio::runtime::Handle::current())
}

#[test]
fn values_of_labels_are_escaped() {
    let mut text = Text::default();
    text.sample(&STATE, &[("child", "a\"b\\c\nd"), ("state", "ready")], 1);
    let expected = "mcp_compose_child_state{child=\"a\\\"b\\\\c\\nd\",state=\"ready\"} 1\n";
    assert_eq!(text.0, expected);
}

#[tokio::test]
async fn histograms_are_cumulative_and_tell_what_was_called_only() {
    let gateway = gateway();
    let figures = &gateway.children()[0].figures;
    assert!(!gateway.metrics().contains("_bucket"));
    figures.ended(Operation::CallTool, Outcome::Ok, Duration::from_millis(15));
    figures.ended(Operation::CallTool, Outcome::Lost, Duration::from_secs(400));
    let text = gateway.metrics();
    let of = r#"{child="files",method="tools/call""#;
    for line in [
        format!("mcp_compose_child_call_duration_seconds_bucket{of},le=\"0.01\"}} 0"),
        format!("mcp_compose_child_call_duration_seconds_bucket{of},le=\"0.02\"}} 1"),
        format!("mcp_compose_child_call_duration_seconds_bucket{of},le=\"300\"}} 1"),
        format!("mcp_compose_child_call_duration_seconds_bucket{of},le=\"+Inf\"}} 2"),
        format!("mcp_compose_child_call_duration_seconds_count{of}}} 2"),
        format!("mcp_compose_child_call_duration_seconds_sum{of}}} 400.015"),
        format!("mcp_compose_child_calls_total{of},outcome=\"lost\"}} 1"),
    ] {
        assert!(
            text.lines().any(|it| it == line),
            "{line} is not in:\n{text}"
        );
    }
    assert!(!text.contains("prompts/get"), "{text}");
}

#[tokio::test]
async fn a_child_has_a_bounded_number_of_series_whatever_is_called() {
    let gateway = gateway();
    let figures = &gateway.children()[0].figures;
    let before = gateway.metrics().lines().count();
    for n in 0..10_000 {
        let operation = Operation::of(&format!("vendor/method_{n}"));
        figures.ended(
            operation,
            Outcome::ALL[n % 7],
            Duration::from_millis(n as u64),
        );
    }
    for operation in Operation::ALL {
        figures.ended(operation, Outcome::Ok, Duration::ZERO);
    }
    let series = gateway.metrics().lines().count() - before;
    let of_each = Outcome::ALL.len() + BOUNDS_MS.len() + 3;
    assert_eq!(series, Operation::ALL.len() * of_each);
}

#[test]
fn the_page_lists_every_metric_with_its_type() {
    let page = include_str!("../../../../docs/observe.md");
    let listed = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `mcp_compose_"));
    let listed: Vec<_> = listed
        .map(|row| row.split(" | ").take(2).collect::<Vec<_>>())
        .collect();
    let metrics =
        METRICS.map(|Metric(name, kind, _)| vec![name.trim_start_matches("mcp_compose_"), *kind]);
    let listed: Vec<_> = listed
        .iter()
        .map(|row| vec![row[0].trim_end_matches('`'), row[1]])
        .collect();
    assert_eq!(listed, metrics);
}
