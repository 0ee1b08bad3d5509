//! The cases of the study of what others get wrong, each a test by its number.

mod calls;
mod capabilities;
mod changes;
mod children;
mod library;
mod lists;
mod load;
mod names;
mod nested;
mod questions;
mod relay;

use mcp_compose_tests::aggregator::{Aggregator, Config};
use mcp_compose_tests::raw::{LEGACY, MODERN, Raw};
use serde_json::Value;

/// Both eras, the oldest revision of the legacy one included.
const VERSIONS: [&str; 3] = ["2024-11-05", LEGACY, MODERN];

/// An aggregator with one child under the namespace `ns`.
async fn one(child: Value) -> Aggregator {
    Aggregator::http(&Config::new().child("ns", child)).await
}

/// An aggregator with one child, and a client of it.
async fn one_with_client(child: Value, version: &str) -> (Aggregator, Raw) {
    let aggregator = one(child).await;
    let client = Raw::http(&aggregator, version).await;
    (aggregator, client)
}
