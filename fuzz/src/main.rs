//! All targets in one program, for libFuzzer: `FUZZ_TARGET` says which.
#![no_main]
#![allow(
    dead_code,
    unused_imports,
    reason = "the crate of the macros is taken in whole"
)]

// A crate of macros has nothing else that others could call.
#[path = "../../mcp-compose-macros/src/attr.rs"]
mod attr;
#[path = "../../mcp-compose-macros/src/compose/mod.rs"]
mod compose;
#[path = "../../mcp-compose-macros/src/docs.rs"]
mod docs;
#[path = "../../mcp-compose-macros/src/errors.rs"]
mod errors;
#[path = "../../mcp-compose-macros/src/fuzzing.rs"]
mod fuzzing;
#[path = "../../mcp-compose-macros/src/names.rs"]
mod names;
#[path = "../../mcp-compose-macros/src/server/mod.rs"]
mod server;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use mcp_compose::fuzzing::{TARGETS, Target};

fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<Target> = OnceLock::new();
    TARGET.get_or_init(target)(data);
});

fn target() -> Target {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let macros: [(&str, Target); 2] = [
        ("compose", fuzzing::composition),
        ("mcp_server", fuzzing::typed_server),
    ];
    let mut all = TARGETS.iter().chain(&macros);
    let found = all.find(|(known, _)| *known == name);
    found
        .unwrap_or_else(|| panic!("FUZZ_TARGET is no target: {name:?}"))
        .1
}
