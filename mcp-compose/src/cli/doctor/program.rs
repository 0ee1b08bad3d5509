//! The program of a child, and its environment.

use super::finding::{Findings, names};
use crate::child::{StdioSpec, binary};

/// A program that could be started: which one it is.
pub(super) fn found(spec: &StdioSpec, findings: &mut Findings) {
    let Some(path) = binary::find(spec) else {
        // It runs, so somebody has found it.
        return findings.ok("program", spec.program.to_string_lossy());
    };
    findings.ok("program", path.display().to_string());
}

/// The variables that are declared for it: their names, and those that have no value.
pub(super) fn environment(spec: &StdioSpec, findings: &mut Findings) {
    let declared: Vec<_> = spec
        .env
        .iter()
        .map(|(name, value)| (name.to_string_lossy(), value.expose().is_empty()))
        .collect();
    let empty = declared.iter().filter(|(_, empty)| *empty);
    let empty: Vec<_> = empty.map(|(name, _)| &**name).collect();
    if !empty.is_empty() {
        let is = if empty.len() == 1 { "is" } else { "are" };
        return findings.warning(
            "environment",
            format!("{} {is} declared, but empty", names(empty.iter().copied())),
            "set where this is started the variables that they are taken from, or leave them out",
        );
    }
    if !declared.is_empty() {
        let all = declared.iter().map(|(name, _)| &**name);
        findings.ok("environment", names(all));
    }
}
