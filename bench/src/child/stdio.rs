//! The child on stdin and stdout: blocking, one thread, one write for all that is answered from one read.

use std::io::{self, BufRead, BufReader, Write};

use anyhow::Result;

use super::answer::Answerer;

const READ_BUFFER: usize = 64 * 1024;

pub(super) fn serve(answerer: &Answerer) -> Result<()> {
    let mut input = BufReader::with_capacity(READ_BUFFER, io::stdin().lock());
    let mut output = io::stdout().lock();
    let mut line = Vec::new();
    let mut answers = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let message = line.trim_ascii();
        if !message.is_empty() {
            answerer.answer(message, &mut answers);
        }
        if memchr::memchr(b'\n', input.buffer()).is_none() && !answers.is_empty() {
            // `Stdout` is line-buffered: one `write_all` of whole lines is one system call.
            output.write_all(&answers)?;
            output.flush()?;
            answers.clear();
        }
    }
}
