//! The stdio front: one client over stdin and stdout.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::ServeError;
use super::connected::{Connected, DRAIN, FLUSH};
use super::stop::Stop;
use crate::gateway::Gateway;
use crate::wire::lines::{Bounds, Line, LineLink, LineReader};
use crate::wire::message::code;

/// Longest message of a client, in bytes.
const MAX_LINE: usize = 4 * 1024 * 1024;
/// How often it is looked whether anybody is left to read the last answers.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(250);

/// Serves the client at the process's standard streams.
pub(super) async fn serve(gateway: Arc<Gateway>, stop: Stop) -> Result<(), ServeError> {
    let output = take_stdout()?;
    let gone = reader_gone(&output);
    serve_streams(gateway, tokio::io::stdin(), output, stop, gone)
        .await
        .map_err(ServeError::Io)
}

/// Serves the client at the other end of two byte streams, until its stream ends or it is told to stop. Calls in flight
/// are answered then, within a bound, unless nobody reads the answers: `gone` says so.
async fn serve_streams(
    gateway: Arc<Gateway>,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    stop: Stop,
    gone: impl Future<Output = ()>,
) -> io::Result<()> {
    let link = LineLink::new(Bounds::CLIENT);
    let client = Connected::new(&gateway, Box::new(link.clone()));
    let mut writing = tokio::spawn(link.write_to(output));
    let mut unheard = pin!(async {
        let written = (&mut writing).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "the client does not read what it is sent: it is taken for gone");
        }
    });
    let mut reading = pin!(read(input, &client));
    let mut result = Ok(());
    let said_all = tokio::select! {
        read = reading.as_mut() => {
            result = read;
            true
        }
        () = stop.told() => false,
        () = unheard.as_mut() => return result,
    };
    gateway.drain();
    let answered = async {
        if said_all {
            client.stop_hearing();
            tokio::select! {
                () = client.answered() => {}
                () = stop.told() => {}
                () = gone => {}
            }
            return;
        }
        // What the client says of its calls in flight still counts: that one is cancelled, what was asked in another.
        tokio::select! {
            () = client.answered() => {}
            () = async {
                let _ = reading.await;
                client.stop_hearing();
                std::future::pending().await
            } => {}
        }
    };
    tokio::select! {
        _ = stop.within(DRAIN, answered) => {}
        () = unheard.as_mut() => return result,
    }
    client.close();
    let _ = tokio::time::timeout(FLUSH, unheard).await;
    result
}

/// Waits until nobody can read what is written to a pipe any more.
#[cfg(unix)]
fn reader_gone(output: &tokio::fs::File) -> impl Future<Output = ()> + use<> {
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    const AT_ONCE: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let output = output.as_fd().try_clone_to_owned();
    async move {
        let Ok(output) = output else {
            return std::future::pending().await;
        };
        loop {
            let mut look = [PollFd::new(&output, PollFlags::empty())];
            let seen = poll(&mut look, Some(&AT_ONCE));
            if seen == Ok(1)
                && look[0]
                    .revents()
                    .intersects(PollFlags::ERR | PollFlags::HUP)
            {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[cfg(not(unix))]
fn reader_gone(_output: &tokio::io::Stdout) -> impl Future<Output = ()> + use<> {
    std::future::pending()
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
