//! Everything goes wrong at once, and nobody else notices. `cargo xtask chaos` runs the same with larger numbers, which
//! it gives in the environment.

mod many;
mod planted;
mod run;

use mcp_compose_tests::chaos::Report;
use mcp_compose_tests::chaos::bed::Bed;

/// A number of the environment.
fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Checks that nothing went wrong; keeps the ledger of a run in which something did.
fn sound(bed: Bed, report: &Report) {
    if !report.defects.is_empty() {
        let shown = &report.defects[..report.defects.len().min(30)];
        panic!("{shown:#?}\nthe ledger is in {}", bed.keep().display());
    }
}
