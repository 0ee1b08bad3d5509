//! What is going on at one moment, for pages and reports.

use std::sync::Arc;
use std::time::Duration;

use super::figures::Outcome;
use crate::child::supervisor::Child;
use crate::gateway::Gateway;

/// The calls of one child so far, in short.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChildCalls {
    /// The child's label.
    pub(crate) child: String,
    /// How many there were, those that were refused included; not those in flight.
    pub(crate) calls: u64,
    /// How many of them had no result, or a tool's error. What was cancelled is none of these.
    pub(crate) errors: u64,
    /// Within what time half of the calls that were sent ended.
    pub(crate) p50: Option<Duration>,
    /// Within what time nineteen of twenty of them did.
    pub(crate) p95: Option<Duration>,
    /// How many are in flight.
    pub(crate) in_flight: usize,
    /// How many wait for their turn.
    pub(crate) queued: usize,
}

/// A call that is in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LiveCall {
    /// The child's label.
    pub(crate) child: String,
    /// Its method; `other` where clients may choose the name.
    pub(crate) method: &'static str,
    /// The tool, prompt or resource, as the child calls it.
    pub(crate) name: Option<Arc<str>>,
    /// The number of the client, unique within the process.
    pub(crate) client: u64,
    /// How long ago it was sent.
    pub(crate) age: Duration,
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
            child: child.label.clone(),
            calls,
            errors,
            p50: durations.quantile(0.5),
            p95: durations.quantile(0.95),
            in_flight: child.calls().len(),
            queued: figures.queued(),
        }
    }
}

impl Gateway {
    /// The calls of each child so far, in the order of their declaration.
    pub(crate) fn calls_so_far(&self) -> Vec<ChildCalls> {
        let children = self.children();
        children.iter().map(|child| ChildCalls::of(child)).collect()
    }

    /// The calls in flight, the oldest first.
    pub(crate) fn live_calls(&self) -> Vec<LiveCall> {
        let children = self.children();
        let mut live: Vec<_> = children
            .iter()
            .flat_map(|child| {
                child.calls().into_iter().map(|call| LiveCall {
                    child: child.label.clone(),
                    method: call.operation.method(),
                    name: call.name,
                    client: call.client,
                    age: call.since.elapsed(),
                })
            })
            .collect();
        live.sort_by_key(|call| std::cmp::Reverse(call.age));
        live
    }
}
