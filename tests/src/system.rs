//! What the system tells about processes, on Linux.

use std::fs;
use std::time::Duration;

use crate::patiently;

/// The pids of all processes whose command line contains `mark`.
pub fn processes_with(mark: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| *pid != std::process::id())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(mark))
        })
        .filter(|pid| !is_zombie(*pid))
        .collect()
}

fn is_zombie(pid: u32) -> bool {
    stat(pid).is_none_or(|fields| fields.first().is_some_and(|state| state == "Z"))
}

/// Resident memory of a process, in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    kib(pid, "VmRSS:")
}

fn kib(pid: u32, figure: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix(figure))
        .and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_else(|| panic!("process {pid} has no {figure}"))
}

/// Processor time that a process has used, in clock ticks.
pub fn cpu_ticks(pid: u32) -> u64 {
    let fields = stat(pid).unwrap_or_else(|| panic!("process {pid} is gone"));
    // After the command: state is field 0, utime 11, stime 12.
    fields[11..13]
        .iter()
        .map(|ticks| ticks.parse::<u64>().expect("a number"))
        .sum()
}

fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Whether somebody holds a TCP connection to or from a port of this machine (IPv4) that has not been closed there.
///
/// # Panics
/// Where there is no `/proc`.
pub fn is_connected(port: u16) -> bool {
    const ESTABLISHED: &str = "01";
    const CLOSE_WAIT: &str = "08";
    let table = fs::read_to_string("/proc/net/tcp").expect("Linux");
    let port = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let ends: Vec<_> = words.by_ref().take(2).collect();
        let state = words.next().unwrap_or_default();
        [ESTABLISHED, CLOSE_WAIT].contains(&state) && ends.iter().any(|end| end.ends_with(&port))
    })
}

/// Waits until `condition` holds; for what the system reports no event for, such as the end of a foreign process.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    patiently(what, async {
        while !condition() {
            look.tick().await;
        }
    })
    .await;
}

/// The most memory that a process was resident in since it started, in KiB.
pub fn peak_kib(pid: u32) -> u64 {
    kib(pid, "VmHWM:")
}
