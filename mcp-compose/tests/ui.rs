//! What rustc says about mistakes in our macros: each `.stderr` is a contract.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/server/*.rs");
    cases.compile_fail("tests/ui/compose/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
