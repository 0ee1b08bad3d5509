//! Why a child did not start: which part of it failed, and the next step.

use super::finding::Findings;
use crate::child::not_started::NotStarted;
use crate::child::supervisor::Child;
use crate::compose::{ChildEra, ChildSource};
use crate::wire::peer::Cause;

/// Whether the program itself is what is wrong: it could not even be started.
pub(super) fn is_of_program(child: &Child, why: &NotStarted) -> bool {
    let process = matches!(child.spec.source, ChildSource::Stdio(_));
    process && why.cause == Cause::StartFailed && why.permanent
}

/// `noise` is how many lines it has printed to stdout that are no messages.
pub(super) fn failed(child: &Child, why: &NotStarted, noise: u64, findings: &mut Findings) {
    let check = match (&child.spec.source, why.cause) {
        _ if is_of_program(child, why) => "program",
        (_, Cause::Auth) => "credentials",
        (ChildSource::Http(_), Cause::Unavailable) => "connection",
        (ChildSource::Http(_), Cause::Protocol) => "endpoint",
        _ => "start",
    };
    let next = match &why.advice {
        Some(advice) => advice.to_string(),
        None => next_step(child, why, noise).to_owned(),
    };
    findings.error(check, why.reason.as_str(), next);
}

/// What to do where the failure itself does not say it.
fn next_step(child: &Child, why: &NotStarted, noise: u64) -> &'static str {
    let era = child.spec.options.era;
    match (&child.spec.source, why.cause) {
        (ChildSource::Stdio(_), Cause::Exited) if !why.stderr.is_empty() => {
            "mend what its stderr says; running its command by itself shows the same"
        }
        (ChildSource::Stdio(_), Cause::Exited) => {
            "run its command by itself: it ends without a word, so check its arguments and variables"
        }
        (ChildSource::Stdio(_), Cause::Timeout) if noise > 0 => {
            "have it log to stderr: it prints to stdout, which is the protocol's, and answers nothing there"
        }
        (ChildSource::Stdio(_), Cause::Timeout) => {
            "check that its command starts an MCP server over stdio; if it only starts slowly, raise its `init_timeout`"
        }
        (ChildSource::Http(_), Cause::Timeout) => {
            "check that the URL is that of an MCP endpoint; if it only starts slowly, raise its `init_timeout`"
        }
        (ChildSource::Http(_), Cause::Unavailable) => "see the log of that server",
        (ChildSource::Http(_), Cause::Overloaded) => "wait, or have its limit raised",
        (ChildSource::Http(_), Cause::Exited) => {
            "see the log of that server, and of proxies before it: they have cut the connection"
        }
        (_, Cause::Protocol) if era != ChildEra::Auto => {
            "leave its `era` open, so that both are tried"
        }
        (_, Cause::Protocol) => "check that it is an MCP server, and update it",
        _ => "see the log: `MCP_COMPOSE_LOG=debug` shows more",
    }
}
