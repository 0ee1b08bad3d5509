//! What clients do to the fronts, and how the server ends.

mod bombs;
mod bounds;
mod calls;
mod drain;
mod handles;
mod http;
mod who;

use std::time::Duration;

use serde_json::{Value, json};

use mcp_compose_tests::raw::MODERN;

/// A number of the environment, for runs that are larger than those of every day.
fn size(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |n| n.parse().expect("a number"))
}

/// The params of a modern client.
fn modern(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "bare", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {
            "elicitation": {},
            "extensions": { "io.modelcontextprotocol/tasks": {} },
        },
    });
    params
}

/// The middle, and what 99 of 100 do not exceed.
fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}
