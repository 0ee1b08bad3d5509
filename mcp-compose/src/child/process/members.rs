//! Who belongs to a tree, as Linux tells it in `/proc`. Where that is not mounted, the group is all
//! that is known of a tree.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use super::guardian;
use super::mark::Mark;
use super::unix::Leader;

/// Longest environment that is read; the system allows no more by default.
const ENVIRONMENT: u64 = 6 * 1024 * 1024;
/// How often it is looked for members that are left, and what is waited in between. Those who were
/// killed take a moment, and some may just have started others.
const ROUNDS: usize = 100;
const PAUSE: Duration = Duration::from_millis(5);

/// Processes that belonged to a tree when it was looked at.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<Member>);

/// A process. The time of its start tells it from a later one of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Member {
    pid: i32,
    since: u64,
}

/// What there is to know of a process.
struct Entry {
    member: Member,
    parent: i32,
    group: i32,
}

/// When a process was started; 0 if that is not known.
pub(super) fn since(pid: Pid) -> u64 {
    entry(pid.as_raw_nonzero().get()).map_or(0, |entry| entry.member.since)
}

/// Who belongs to a tree: its group, whoever bears its mark, and what these have started.
pub(super) fn find(leader: Leader, mark: &Mark) -> Seen {
    Seen(members(leader, mark, &HashSet::new()))
}

/// Kills all who belong to a tree, and those who belonged to it before, until none is left.
pub(super) fn end(leader: Leader, mark: &Mark, seen: Seen) {
    let Seen(mut seen) = seen;
    for _ in 0..ROUNDS {
        let found = members(leader, mark, &seen);
        if found.is_empty() {
            return;
        }
        for member in &found {
            kill(*member);
        }
        seen.extend(found);
        std::thread::sleep(PAUSE);
    }
    tracing::warn!("processes that a child has started cannot be killed");
}

fn members(leader: Leader, mark: &Mark, seen: &HashSet<Member>) -> HashSet<Member> {
    let all = entries();
    let group = leader.pid.as_raw_nonzero().get();
    // The number of a group is not given to a new process while the group has members. So only where
    // another process has it, it may be another group's.
    let reused = |entry: &Entry| entry.member.pid == group && entry.member.since != leader.since;
    let reused = all.iter().any(reused);
    let mut guardians = HashSet::new();
    let mut found = HashSet::new();
    for entry in &all {
        let pid = entry.member.pid;
        let environment = environment(pid).unwrap_or_default();
        if is_guardian(&environment) {
            guardians.insert(pid);
        } else if mark.is_in(&environment)
            || (entry.group == group && !reused)
            || seen.contains(&entry.member)
        {
            found.insert(pid);
        }
    }
    loop {
        let before = found.len();
        for entry in &all {
            if found.contains(&entry.parent) && !guardians.contains(&entry.member.pid) {
                found.insert(entry.member.pid);
            }
        }
        if found.len() == before {
            break;
        }
    }
    let members = all.iter().map(|entry| entry.member);
    members
        .filter(|member| found.contains(&member.pid))
        .collect()
}

/// Whether it is the guardian of another program of ours, which must outlive that one.
fn is_guardian(environment: &[u8]) -> bool {
    environment.split(|byte| *byte == 0).any(|entry| {
        let value = entry.strip_prefix(guardian::VARIABLE.as_bytes());
        value.is_some_and(|value| value.starts_with(b"="))
    })
}

/// All processes that run.
fn entries() -> Vec<Entry> {
    let Ok(folder) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    folder
        .filter_map(|process| entry(process.ok()?.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// `None` for what has ended: nobody, or one that only waits to be asked how.
fn entry(pid: i32) -> Option<Entry> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The program's name is in parentheses, and may hold anything.
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(&text[end + 1..]).ok()?;
    let fields: Vec<_> = fields.split_ascii_whitespace().collect();
    let (state, parent, group, since) = (
        fields.first()?,
        fields.get(1)?,
        fields.get(2)?,
        fields.get(19)?,
    );
    if matches!(*state, "Z" | "X" | "x") {
        return None;
    }
    Some(Entry {
        member: Member {
            pid,
            since: since.parse().ok()?,
        },
        parent: parent.parse().ok()?,
        group: group.parse().ok()?,
    })
}

/// The environment that a process was started with. That of others is not ours to read.
fn environment(pid: i32) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = fs::File::open(format!("/proc/{pid}/environ"))?;
    file.take(ENVIRONMENT).read_to_end(&mut text)?;
    Ok(text)
}

/// Kills this process, and no other that has its number meanwhile.
fn kill(member: Member) {
    let Some(pid) = Pid::from_raw(member.pid) else {
        return;
    };
    let held = pidfd_open(pid, PidfdFlags::empty());
    if since(pid) != member.since {
        return;
    }
    let _ = match held {
        Ok(process) => pidfd_send_signal(process, Signal::KILL),
        // Systems that have no such handles.
        Err(_) => kill_process(pid, Signal::KILL),
    };
}
