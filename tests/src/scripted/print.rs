//! What a scripted child writes that is no message of its own: junk, floods, and messages byte for byte.

use std::io::{self, BufWriter, Write};
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::Child;
use crate::script::Print;

/// Bytes that are written at once.
const CHUNK: usize = 64 * 1024;

impl Child {
    /// Writes to the process's own streams, on a thread of its own, so that a reader that does not read holds up nothing
    /// else.
    pub(super) async fn print(&self, what: Print, id: &Value, params: &Value) {
        let prints = self.shared.prints.fetch_add(1, Ordering::SeqCst) + 1;
        let text = what
            .text
            .replace("{id}", &id.to_string())
            .replace("{token}", &params["_meta"]["progressToken"].to_string())
            .replace("{prints}", &prints.to_string());
        let written = tokio::task::spawn_blocking(move || {
            if what.stderr {
                write(io::stderr().lock(), &what, &text)
            } else {
                write(io::stdout().lock(), &what, &text)
            }
        });
        // Whoever reads may be gone; then standard input ends as well.
        let _ = written.await;
    }
}

fn write(to: impl Write, what: &Print, text: &str) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(CHUNK, to);
    let counts = text.contains("{n}");
    for n in 1..=what.times {
        if counts {
            to.write_all(text.replace("{n}", &n.to_string()).as_bytes())?;
        } else {
            to.write_all(text.as_bytes())?;
        }
        to.write_all(&what.bytes)?;
    }
    to.flush()
}
