//! Starts each child once, all side by side, and looks at what comes of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::super::progress::while_starting;
use super::child;
use super::finding::{ChildDiagnosis, Diagnosis, Findings, Health};
use super::whole;
use crate::child::supervisor::{self, Phase};
use crate::compose::{ChildSource, Composition, Problem, Unread};
use crate::gateway::Gateway;

/// Examines a composition within `bound`, or within what its children's own bounds allow.
pub(super) async fn examine(
    composition: Composition,
    unread: Vec<Unread>,
    bound: Option<Duration>,
) -> Diagnosis {
    let bound = bound.unwrap_or_else(|| composition.longest_start());
    let gateway = Gateway::start(composition.on_trial(), Handle::current());
    let children = gateway.children();
    let settled = join_all(children.iter().map(|child| settled(child, bound)));
    let took = while_starting(&children, settled).await;
    let catalog = gateway.catalog();

    let problems = composition.check();
    let mut examined: Vec<_> = children
        .iter()
        .zip(took)
        .map(|(child, took)| {
            let mut own = Findings::default();
            declared(&mut own, about(&problems, &child.label));
            child::examine(child, &catalog, own, took, bound)
        })
        .collect();
    let sessions = composition.children.iter();
    let sessions = sessions.filter(|child| matches!(child.source, ChildSource::Session(_)));
    examined.extend(sessions.map(|session| child::not_looked_at(session.label())));
    examined.extend(unread.iter().map(child::unread));

    let labels: Vec<_> = examined.iter().map(|one| one.child.as_str()).collect();
    let others = problems
        .iter()
        .filter(|problem| !labels.contains(&problem.place.as_str()));
    let mut composition = whole::examine(&composition, &catalog);
    declared(&mut composition.findings, others);
    gateway.stop().await;
    Diagnosis {
        composition,
        children: examined,
    }
}

/// How long the child took to start or to fail; `None` if it is still at it after `bound`.
async fn settled(child: &Arc<supervisor::Child>, bound: Duration) -> Option<Duration> {
    let began = Instant::now();
    if matches!(child.phase(), Phase::Idle) {
        child.want();
    }
    let until = began.checked_add(bound)?;
    timeout_at(until, child.settled()).await.ok()?;
    Some(began.elapsed())
}

fn about<'p>(problems: &'p [Problem], place: &str) -> impl Iterator<Item = &'p Problem> {
    let place = place.to_owned();
    problems
        .iter()
        .filter(move |problem| problem.place == place)
}

/// What shows before anything is started.
fn declared<'p>(findings: &mut Findings, problems: impl Iterator<Item = &'p Problem>) {
    for problem in problems {
        let health = match problem.is_error() {
            true => Health::Error,
            false => Health::Warning,
        };
        let next = "mend the declaration: nothing is served as long as it is an error";
        let next = problem.is_error().then(|| next.to_owned());
        let (text, advice) = split(&problem.message);
        findings.add("declaration", health, text, advice.or(next));
    }
}

/// Mistakes are told as `what; what to do`.
pub(super) fn split(message: &str) -> (&str, Option<String>) {
    match message.split_once("; ") {
        Some((what, advice)) => (what, Some(advice.to_owned())),
        None => (message, None),
    }
}

impl ChildDiagnosis {
    pub(super) fn of(child: String, kind: &'static str, findings: Findings) -> Self {
        Self {
            child,
            health: findings.health(),
            kind,
            at: None,
            start_ms: None,
            era: None,
            version: None,
            server: None,
            lists: Vec::new(),
            findings,
            stderr: Vec::new(),
        }
    }
}
