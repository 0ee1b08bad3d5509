//! The stdio front: one client over stdin and stdout.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::ServeError;
use super::connected::{Connected, FLUSH};
use super::relay_thread::told_to_stop;
use crate::gateway::Gateway;
use crate::wire::lines::{Bounds, Line, LineLink, LineReader};
use crate::wire::message::code;

/// Longest message of a client, in bytes.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// Serves the client at the process's standard streams.
pub(super) async fn serve(gateway: Arc<Gateway>) -> Result<(), ServeError> {
    let output = take_stdout()?;
    serve_streams(gateway, tokio::io::stdin(), output, told_to_stop())
        .await
        .map_err(ServeError::Io)
}

/// Serves the client at the other end of two byte streams, until its stream ends or `stop` does.
async fn serve_streams(
    gateway: Arc<Gateway>,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let link = LineLink::new(Bounds::CLIENT);
    let client = Connected::new(&gateway, Box::new(link.clone()));
    let writing = tokio::spawn(link.write_to(output));
    let read = tokio::select! {
        read = read(input, &client) => read,
        () = stop => Ok(()),
    };
    gateway.drain();
    client.end().await;
    let _ = tokio::time::timeout(FLUSH, writing).await;
    read
}

async fn read(input: impl AsyncRead + Unpin, client: &Connected) -> io::Result<()> {
    let mut lines = LineReader::new(input, MAX_LINE);
    while let Some(line) = lines.next().await? {
        match line {
            Line::Text(text) => client.take(&text),
            Line::NotText(_) => client.complain(code::PARSE, "parse error: the line is not UTF-8"),
            Line::TooLong(_) | Line::Endless => client.complain(
                code::INVALID_REQUEST,
                &format!("invalid request: a message has at most {MAX_LINE} bytes"),
            ),
        }
    }
    Ok(())
}

/// Takes stdout for the protocol: what user code or a library prints from now on goes to stderr.
#[cfg(unix)]
fn take_stdout() -> io::Result<tokio::fs::File> {
    let ours = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(tokio::fs::File::from_std(std::fs::File::from(ours)))
}

#[cfg(not(unix))]
fn take_stdout() -> io::Result<tokio::io::Stdout> {
    Ok(tokio::io::stdout())
}

#[cfg(test)]
mod tests;
