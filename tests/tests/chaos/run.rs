//! Many clients, many calls, children that go wrong by a seed, and a ledger with nothing wrong in it.

use std::time::Duration;

use mcp_compose_tests::chaos::run::{Size, run};

use crate::{number, sound};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_some_children_are_nothing_to_the_calls_of_others() {
    let faults = number("CHAOS_FAULTS");
    let size = Size {
        faults: faults.unwrap_or(60),
        requests: number("CHAOS_REQUESTS").unwrap_or(1_200),
        clients: number("CHAOS_CLIENTS").unwrap_or(8),
        sick: number("CHAOS_SICK").unwrap_or(20),
        seed: number("CHAOS_SEED").unwrap_or(20_260_728) as u64,
        pace: if faults.is_some() {
            Duration::from_secs(16)
        } else {
            Duration::from_secs(2)
        },
        // Nothing is timed where other tests run beside this one.
        slack: Duration::from_millis(if faults.is_some() { 1_000 } else { 10_000 }),
        slower: faults.map(|_| 1.5),
    };
    let (outcome, bed) = run(size).await;
    eprintln!("{}", outcome.table(&size));
    sound(bed, &outcome.report);
    let committed: usize = outcome.report.faults.values().sum();
    assert!(
        committed >= size.faults,
        "only {committed} faults were committed"
    );
    assert!(outcome.report.calls >= size.requests);
}
