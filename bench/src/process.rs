//! The processes under test: started, found by the address that they print, measured from the outside, ended.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Under valgrind a start takes many seconds.
const START_DEADLINE: Duration = Duration::from_secs(90);
const END_DEADLINE: Duration = Duration::from_secs(30);
const KEPT_LINES: usize = 12;
const DEFAULT_PATH: &str = "/mcp";

/// A running front and where it listens.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: u32,
    /// `http://127.0.0.1:PORT/path`
    pub(crate) url: String,
}

impl Process {
    /// Starts the program and waits until it prints the address that it listens on.
    pub(crate) async fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.as_std().get_program()))?;
        let pid = child.id().context("the process ended at once")?;
        let stderr = child.stderr.take().context("the process has no stderr")?;
        let last_lines = Arc::new(Mutex::new(VecDeque::new()));
        let (found, address) = oneshot::channel();
        tokio::spawn(drain(stderr, found, Arc::clone(&last_lines)));
        match timeout(START_DEADLINE, address).await {
            Ok(Ok(url)) => Ok(Self { child, pid, url }),
            other => {
                let why = match other {
                    Err(_) => "printed no address in time",
                    Ok(_) => "ended without printing an address",
                };
                let lines = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
                let said: Vec<&str> = lines.iter().map(String::as_str).collect();
                bail!("the process {why}; it said:\n{}", said.join("\n"))
            }
        }
    }

    /// The process id, for tools that attach.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// `host:port` of the URL.
    pub(crate) fn authority(&self) -> &str {
        let rest = self.url.trim_start_matches("http://");
        rest.split('/').next().unwrap_or(rest)
    }

    /// Asks the process to end and waits for it; kills it when it does not.
    pub(crate) async fn end(mut self) -> Result<()> {
        signal(self.pid, "TERM").await?;
        if timeout(END_DEADLINE, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

/// Sends a signal by the shell's own `kill`, which every Unix has.
pub(crate) async fn signal(pid: u32, name: &str) -> Result<()> {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .status()
        .await?;
    if !status.success() {
        bail!("could not send {name} to process {pid}");
    }
    Ok(())
}

/// User plus system time that a process has used so far; `None` without a Linux `/proc`.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    // Kernel interfaces report in units of 1/100 s on every architecture that Rust has a std for.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name may contain anything, but the last `)` ends it.
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

/// Resident memory of a process; `None` without a Linux `/proc`.
pub(crate) fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Reads stderr to its end, so that the process never blocks on it.
async fn drain(
    stderr: ChildStderr,
    found: oneshot::Sender<String>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
) {
    let mut lines = BufReader::new(stderr).lines();
    let mut found = Some(found);
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(url) = address_in(&line)
            && let Some(found) = found.take()
        {
            let _ = found.send(url);
        }
        let mut kept = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}

/// The URL in a line such as `listening on http://127.0.0.1:4000/mcp` or `bound 127.0.0.1:4000`.
fn address_in(line: &str) -> Option<String> {
    const HOST: &str = "127.0.0.1:";
    let rest = &line[line.find(HOST)? + HOST.len()..];
    let port_end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let port: u16 = rest[..port_end].parse().ok().filter(|port| *port != 0)?;
    let path = rest[port_end..]
        .split(|c: char| c.is_whitespace() || "\"'`),;\u{1b}".contains(c))
        .next()
        .filter(|path| path.len() > 1 && path.starts_with('/'))
        .unwrap_or(DEFAULT_PATH);
    Some(format!("http://{HOST}{port}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_what_a_server_prints() {
        let url = |line| address_in(line);
        assert_eq!(
            url("on http://127.0.0.1:81/mcp, Ctrl-C ends").as_deref(),
            Some("http://127.0.0.1:81/mcp")
        );
        assert_eq!(
            url("addr=127.0.0.1:4000").as_deref(),
            Some("http://127.0.0.1:4000/mcp")
        );
        assert_eq!(
            url("http://127.0.0.1:4000/").as_deref(),
            Some("http://127.0.0.1:4000/mcp")
        );
        assert_eq!(url("serve --http 127.0.0.1:0"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn our_own_cpu_time_and_memory_can_be_read() {
        let pid = std::process::id();
        assert!(cpu_time(pid).is_some());
        assert!(resident_kib(pid).is_some_and(|kib| kib > 100));
        assert_eq!(cpu_time(u32::MAX), None);
    }
}
