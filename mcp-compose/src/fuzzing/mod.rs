//! What fuzzers run: a function for each target, which panics when something does not hold. No part of the API; the
//! feature `fuzzing` has it, for `fuzz/` of the repository, and the tests.

mod config;
mod headers;
mod lines;
mod message;
mod names;
mod payload;
mod seal;
mod sse;
#[cfg(test)]
mod tests;
mod uris;

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// All of them, by name. `fuzz/corpus/` has a folder for each.
pub const TARGETS: [(&str, Target); 9] = [
    ("lines", lines::lines),
    ("sse", sse::sse),
    ("message", message::message),
    ("payload", payload::payload),
    ("headers", headers::headers),
    ("uris", uris::uris),
    ("names", names::names),
    ("seal", seal::seal),
    ("config", config::config),
];

/// The first line of the input, and what follows it.
fn first_line(data: &[u8]) -> (String, &[u8]) {
    let end = memchr::memchr(b'\n', data).unwrap_or(data.len());
    let line = String::from_utf8_lossy(&data[..end]).into_owned();
    (line, data.get(end + 1..).unwrap_or_default())
}

/// Whether a parser that looks at nothing but the grammar takes the text.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
