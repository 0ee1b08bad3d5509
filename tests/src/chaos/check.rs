//! What is wrong with a run, by what clients and children wrote down.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::event::{Event, Fate, Terminal};
use super::fault::{Fault, Outcome};

/// So many calls with a fault that is nothing to them cannot all be late by chance.
const ALWAYS: usize = 3;

/// One thing that may never happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// A client got the end of another call.
    Misrouted(String),
    /// A call without an end.
    Lost(String),
    /// A call whose end came too long after its deadline.
    Hung(String),
    /// Two ends of one call, or anything after the end.
    Duplicated(String),
    /// A child got one call twice.
    Replayed(String),
    /// An answer that no child gave, or to no call.
    Invented(String),
    /// An error that does not name the child and the cause, or names another child.
    Unnamed(String),
    /// A call to a child that had no fault did not succeed.
    Unavailable(String),
    /// A call failed through what it should not even have noticed.
    Broken(String),
    /// A child was not told that a call had been given up.
    Uncancelled(String),
    /// An answer after the call had been given up.
    Late(String),
    /// A process that is still there after the end.
    Orphan(String),
    /// More files, processes or memory than before.
    Leak(String),
    /// Children without faults are slower than they are without the others' faults.
    Slow(String),
}

impl Defect {
    /// Its kind, as reports count it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Misrouted(_) => "misrouted",
            Self::Lost(_) => "lost",
            Self::Hung(_) => "hung",
            Self::Duplicated(_) => "duplicated",
            Self::Replayed(_) => "replayed",
            Self::Invented(_) => "invented",
            Self::Unnamed(_) => "unnamed error",
            Self::Unavailable(_) => "healthy child failed",
            Self::Broken(_) => "harmless fault failed a call",
            Self::Uncancelled(_) => "not cancelled at the child",
            Self::Late(_) => "answered after it was given up",
            Self::Orphan(_) => "orphan",
            Self::Leak(_) => "leak",
            Self::Slow(_) => "healthy children slower",
        }
    }

    /// All kinds, in the order in which reports have them.
    pub const KINDS: [&str; 14] = [
        "misrouted",
        "lost",
        "hung",
        "duplicated",
        "replayed",
        "invented",
        "unnamed error",
        "healthy child failed",
        "harmless fault failed a call",
        "not cancelled at the child",
        "answered after it was given up",
        "orphan",
        "leak",
        "healthy children slower",
    ];
}

/// What a checker has to know beside the ledger.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long after its deadline a call may end, in milliseconds.
    pub slack: u64,
    /// Children that no fault is planned for.
    pub healthy: HashSet<String>,
}

/// A run in numbers.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong, in order.
    pub defects: Vec<Defect>,
    /// Calls that clients made.
    pub calls: usize,
    /// Those of them to children without faults.
    pub healthy: usize,
    /// Those of these that succeeded.
    pub healthy_well: usize,
    /// Calls that were given up.
    pub dropped: usize,
    /// Faults that were committed, by kind.
    pub faults: BTreeMap<Fault, usize>,
    /// Lives of children.
    pub starts: usize,
    /// How errors named their causes.
    pub causes: BTreeMap<String, usize>,
    /// Milliseconds by which the latest end came after its deadline.
    pub latest: u64,
    /// By fault that is nothing to its call: how many such calls took longer than they may, and how many there were. What
    /// answers slowly does not answer in time on every machine.
    pub too_slow: BTreeMap<Fault, (usize, usize)>,
    /// How long children took to hear of a call that was given up, in milliseconds, sorted.
    pub cancelled_after: Vec<u64>,
}

struct Call<'a> {
    client: &'a str,
    child: &'a str,
    at: u64,
    deadline: u64,
    fault: Option<Fault>,
    fate: Fate,
}

/// Goes through everything that happened.
pub fn check(events: &[Event], rules: &Rules) -> Report {
    let mut calls: HashMap<&str, Call<'_>> = HashMap::new();
    let mut seen: HashMap<&str, Vec<u32>> = HashMap::new();
    let mut ends: HashMap<&str, Vec<(u64, &Terminal)>> = HashMap::new();
    let (mut dropped, mut cancelled) = (HashMap::new(), HashMap::new());
    let mut report = Report::default();
    for event in events {
        match event {
            Event::Call {
                nonce,
                client,
                child,
                at,
                deadline,
                fault,
                fate,
                ..
            } => {
                let call = Call {
                    client,
                    child,
                    at: *at,
                    deadline: *deadline,
                    fault: *fault,
                    fate: *fate,
                };
                calls.insert(nonce, call);
            }
            Event::Dropped { nonce, at } => {
                dropped.insert(nonce.as_str(), *at);
            }
            Event::End {
                nonce,
                at,
                terminal,
            } => ends.entry(nonce).or_default().push((*at, terminal)),
            Event::After { nonce, what } => {
                report.fault(Defect::Duplicated, format!("{nonce}: {what} after the end"));
            }
            Event::Stray { client, text } => {
                report.fault(Defect::Invented, format!("{client} got {text}"));
            }
            Event::Start { .. } => report.starts += 1,
            Event::Seen { nonce, pid, .. } => seen.entry(nonce).or_default().push(*pid),
            Event::Fault { fault, .. } => *report.faults.entry(*fault).or_default() += 1,
            Event::Cancelled { nonce, at, .. } => {
                cancelled.insert(nonce.as_str(), *at);
            }
        }
    }
    report.calls = calls.len();
    for (nonce, pids) in &seen {
        if pids.len() > 1 {
            report.fault(Defect::Replayed, format!("{nonce}: {} times", pids.len()));
        }
        if !calls.contains_key(nonce) {
            report.fault(Defect::Invented, format!("{nonce} was called by nobody"));
        }
    }
    for (nonce, call) in &calls {
        let ends = ends.get(nonce).map_or(&[][..], Vec::as_slice);
        if ends.len() > 1 {
            report.fault(Defect::Duplicated, format!("{nonce}: {} ends", ends.len()));
        }
        for (_, terminal) in ends {
            report.routed(nonce, call, terminal, &seen);
        }
        match call.fate {
            Fate::Kept => report.kept(nonce, call, ends, rules),
            Fate::Dropped => {
                report.dropped += 1;
                // What ended before it could be given up shows as unavailable.
                match (dropped.get(nonce), cancelled.get(nonce)) {
                    (Some(from), Some(to)) => report.cancelled_after.push(to.saturating_sub(*from)),
                    (Some(_), None) => {
                        report.fault(Defect::Uncancelled, format!("{nonce} at {}", call.child));
                    }
                    (None, _) => {
                        report.fault(
                            Defect::Unavailable,
                            format!("{nonce} never reached {}", call.child),
                        );
                    }
                }
                let answered =
                    |(_, end): &&(u64, &Terminal)| matches!(end, Terminal::Result { .. });
                if ends.iter().any(|end| answered(&end)) {
                    report.fault(Defect::Late, (*nonce).to_owned());
                }
            }
        }
    }
    // Slow now and then is one thing, never in time another.
    for (fault, (slow, all)) in report.too_slow.clone() {
        if slow == all && all >= ALWAYS {
            report.fault(
                Defect::Broken,
                format!("{fault:?}: none of {all} calls ended in time"),
            );
        }
    }
    report.cancelled_after.sort_unstable();
    report.defects.sort();
    report
}

impl Report {
    /// Adds what no ledger shows.
    pub fn found(&mut self, defects: Vec<Defect>) {
        self.defects.extend(defects);
        self.defects.sort();
    }

    /// How many defects there are of a kind.
    pub fn count(&self, kind: &str) -> usize {
        self.defects
            .iter()
            .filter(|defect| defect.kind() == kind)
            .count()
    }

    fn fault(&mut self, kind: impl FnOnce(String) -> Defect, what: String) {
        self.defects.push(kind(what));
    }

    /// Whether an end belongs to its call.
    fn routed(
        &mut self,
        nonce: &str,
        call: &Call<'_>,
        terminal: &Terminal,
        seen: &HashMap<&str, Vec<u32>>,
    ) {
        match terminal {
            Terminal::Result { echo, of, by, pid } => {
                if echo != nonce || of != call.client || by != call.child {
                    let what = format!("{nonce} of {} got {echo} of {of} by {by}", call.client);
                    self.fault(Defect::Misrouted, what);
                } else if !seen.get(nonce).is_some_and(|pids| pids.contains(pid)) {
                    self.fault(
                        Defect::Invented,
                        format!("{nonce}: {by} ({pid}) never saw it"),
                    );
                }
            }
            Terminal::Refused { echo } if echo != nonce => {
                self.fault(
                    Defect::Misrouted,
                    format!("{nonce} got the error of {echo}"),
                );
            }
            Terminal::Refused { .. } => {
                *self.causes.entry("of the child".to_owned()).or_default() += 1
            }
            Terminal::Error {
                names,
                cause,
                message,
            } => {
                // That a call which was given up was given up needs no child's name.
                let named = names.as_deref() == Some(call.child) && cause.is_some();
                if call.fate == Fate::Kept && !named {
                    let what = format!("{nonce} to {}: {message}", call.child);
                    self.fault(Defect::Unnamed, what);
                }
                *self
                    .causes
                    .entry(cause.clone().unwrap_or_default())
                    .or_default() += 1;
            }
            Terminal::Broken { text } => {
                self.fault(
                    Defect::Unnamed,
                    format!("{nonce} to {}: {text}", call.child),
                );
            }
        }
    }

    /// What became of a call that its client waited for.
    fn kept(&mut self, nonce: &str, call: &Call<'_>, ends: &[(u64, &Terminal)], rules: &Rules) {
        let Some((at, terminal)) = ends.first() else {
            let what = format!("{nonce} to {} ({:?})", call.child, call.fault);
            return self.fault(Defect::Lost, what);
        };
        let late = at.saturating_sub(call.at + call.deadline);
        self.latest = self.latest.max(late);
        if late > rules.slack {
            let what = format!(
                "{nonce} to {} ({:?}): {late} ms late",
                call.child, call.fault
            );
            self.fault(Defect::Hung, what);
        }
        let well = matches!(terminal, Terminal::Result { .. });
        if rules.healthy.contains(call.child) {
            self.healthy += 1;
            self.healthy_well += usize::from(well);
            if !well {
                let what = format!("{nonce} to {}: {terminal:?}", call.child);
                self.fault(Defect::Unavailable, what);
            }
        }
        let harmless = |fault: &Fault| fault.outcome() == Outcome::Answered;
        if let Some(fault) = call.fault.filter(harmless) {
            let slow = matches!(terminal, Terminal::Error { cause: Some(cause), .. } if cause == "child_timeout");
            let (too_slow, all) = self.too_slow.entry(fault).or_default();
            *too_slow += usize::from(slow);
            *all += 1;
            if !well && !slow {
                let what = format!("{nonce} to {} ({fault:?}): {terminal:?}", call.child);
                self.fault(Defect::Broken, what);
            }
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
