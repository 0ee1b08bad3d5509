//! What is going on at one moment, for pages and reports.

use std::time::Duration;

use super::figures::Outcome;
use crate::child::supervisor::Child;

/// The calls of one child so far, in short.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChildCalls {
    /// How many there were, those that were refused included; not those in flight.
    pub(crate) calls: u64,
    /// How many of them had no result, or a tool's error. What was cancelled is none of these.
    pub(crate) errors: u64,
    /// Within what time half of the calls that were sent ended.
    pub(crate) p50: Option<Duration>,
    /// Within what time nineteen of twenty of them did.
    pub(crate) p95: Option<Duration>,
}

impl ChildCalls {
    pub(crate) fn of(child: &Child) -> Self {
        let figures = &child.figures;
        let (mut calls, mut errors) = (0, 0);
        for (_, outcome, count) in figures.counts() {
            calls += count;
            if !matches!(outcome, Outcome::Ok | Outcome::Cancelled) {
                errors += count;
            }
        }
        let durations = figures.all_durations();
        Self {
            calls,
            errors,
            p50: durations.quantile(0.5),
            p95: durations.quantile(0.95),
        }
    }
}
