//! The targets of the fuzzers, on their corpora and on mutations of them.

#[path = "../../../fuzz/driver.rs"]
mod driver;

use crate::fuzzing;

#[test]
fn compose() {
    driver::run("compose", fuzzing::composition);
}

#[test]
fn mcp_server() {
    driver::run("mcp_server", fuzzing::typed_server);
}
