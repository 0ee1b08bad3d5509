//! What the end-to-end tests stand on: the real aggregator binary, third-party peers, a raw client that sees every
//! byte, and a child that does exactly what a script tells it.
//!
//! The tests themselves are in `tests/`, one file per acceptance. `README.md` beside this crate says what runs where.

pub mod aggregator;
pub mod chaos;
pub mod clients;
pub mod conformance;
pub mod crosstalk;
pub mod everything;
pub mod ledger;
pub mod peers;
pub mod process;
pub mod raw;
pub mod rmcp_server;
pub mod script;
pub mod scripted;
pub mod system;
pub mod tls;
pub mod trees;

/// How long anything in these tests may take before it counts as hanging.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Waits for `work`, and panics with `what` when it takes longer than [`PATIENCE`].
pub async fn patiently<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: still waiting after {} s", PATIENCE.as_secs()),
    }
}
