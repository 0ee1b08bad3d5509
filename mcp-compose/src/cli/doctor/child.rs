//! One child that was started, or could not be.

use std::time::Duration;

use super::advice;
use super::examine::split;
use super::finding::{ChildDiagnosis, Findings, ListDiagnosis};
use super::{lint, names, program};
use crate::child::listing::Kind;
use crate::child::supervisor::{Child, Phase};
use crate::cli::shown::count;
use crate::compose::{ChildSource, Unread};
use crate::gateway::catalog::Catalog;
use crate::wire::peer::Oddity;
use crate::wire::version::Era;

/// A start that takes longer is felt: the first lists are held back for ten seconds at most.
const SLOW: Duration = Duration::from_secs(5);

/// `took` is how long it took to start or to fail, if it has done so within `bound`.
pub(super) fn examine(
    child: &Child,
    catalog: &Catalog,
    mut findings: Findings,
    took: Option<Duration>,
    bound: Duration,
) -> ChildDiagnosis {
    let (kind, at) = match &child.spec.source {
        ChildSource::Stdio(spec) => ("stdio", Some(spec.program.to_string_lossy().into_owned())),
        ChildSource::Http(spec) => ("http", Some(spec.url.origin().ascii_serialization())),
        ChildSource::Local(_) => ("local", None),
        _ => ("session", None),
    };
    let failure = child.record().failure;
    let ready = matches!(child.phase(), Phase::Ready);
    let spawned = ready
        || !failure
            .as_ref()
            .is_some_and(|why| advice::is_of_program(child, why));
    if let ChildSource::Stdio(spec) = &child.spec.source {
        if spawned {
            program::found(spec, &mut findings);
        }
        program::environment(spec, &mut findings);
    }
    let noise = child.counters.total(Oddity::Junk);
    let mut stderr = Vec::new();
    match (ready, failure, took) {
        (true, ..) => started(child, took.unwrap_or(bound), &mut findings),
        (false, Some(why), Some(_)) => {
            advice::failed(child, &why, noise, &mut findings);
            stderr.clone_from(&why.stderr);
        }
        (false, ..) => findings.error(
            "start",
            format!("it was not ready within {} s", bound.as_secs_f32()),
            "give it longer with `--timeout`, or run its command by itself to see what it waits for",
        ),
    }
    if ready {
        lists(child, &mut findings);
        lint::tools(child, &mut findings);
        names::of(child, catalog, &mut findings);
    }
    output(child, noise, &mut findings);
    let profile = child.profile().filter(|_| ready);
    let listing = child.listing();
    let listed = Kind::ALL.into_iter().filter(|_| ready).map(|kind| {
        let reading = listing.readings[kind as usize];
        ListDiagnosis {
            kind: kind.member(),
            entries: listing.of(kind).len(),
            pages: reading.pages,
            hidden: reading.hidden,
        }
    });
    ChildDiagnosis {
        at,
        start_ms: took
            .filter(|_| ready)
            .and_then(|took| u64::try_from(took.as_millis()).ok()),
        era: profile.as_ref().map(|profile| era(profile.era)),
        version: profile.as_ref().map(|profile| profile.version.clone()),
        server: profile
            .as_ref()
            .and_then(|profile| profile.server.as_ref())
            .map(ToString::to_string),
        lists: listed.filter(|list| list.pages > 0).collect(),
        stderr,
        ..ChildDiagnosis::of(child.label.clone(), kind, findings)
    }
}

/// A server of the file that could not be read.
pub(super) fn unread(server: &Unread) -> ChildDiagnosis {
    let mut findings = Findings::default();
    for mistake in &server.mistakes {
        let (what, next) = split(mistake);
        let next = next.unwrap_or_else(|| "mend the file there".to_owned());
        findings.error("declaration", what, next);
    }
    ChildDiagnosis::of(server.key.clone(), "unknown", findings)
}

/// A session that the program has opened itself cannot be opened a second time.
pub(super) fn not_looked_at(label: String) -> ChildDiagnosis {
    let mut findings = Findings::default();
    findings.ok("start", "a session of the program's own: not looked at");
    ChildDiagnosis::of(label, "session", findings)
}

fn started(child: &Child, took: Duration, findings: &mut Findings) {
    let speaks = child.profile().map(|profile| {
        let server = profile.server.as_ref();
        let server = server.map(|server| format!(", {server}"));
        format!(
            "; speaks {} ({}){}",
            profile.version,
            era(profile.era),
            server.unwrap_or_default()
        )
    });
    let speaks = speaks.unwrap_or_default();
    if took <= SLOW {
        return findings.ok("start", format!("ready in {}{speaks}", seconds(took)));
    }
    let next = match &child.spec.source {
        ChildSource::Stdio(_) => {
            "have it installed rather than fetched at each start, or serve over HTTP, where it is started once"
        }
        _ => "see what its server does at the start of a session",
    };
    findings.warning(
        "start",
        format!(
            "slow: ready only after {}; clients that list meanwhile do not see it{speaks}",
            seconds(took)
        ),
        next,
    );
}

fn lists(child: &Child, findings: &mut Findings) {
    let listing = child.listing();
    let mut counted = Vec::new();
    for kind in Kind::ALL {
        let reading = listing.readings[kind as usize];
        for problem in &listing.problems[kind as usize] {
            if reading.failed {
                let next = "mend it in the server: nothing of this list is offered";
                findings.error("lists", problem, next);
            } else if reading.hidden > 0 {
                let next = "mend it in the server: until then it is not offered";
                findings.error("lists", problem, next);
            } else {
                findings.warning("lists", problem, "mend it in the server");
            }
        }
        let entries = listing.of(kind).len();
        if entries > 0 {
            let pages = match reading.pages {
                0 | 1 => String::new(),
                pages => format!(" on {pages} pages"),
            };
            counted.push(format!("{}{pages}", count(entries, kind.noun())));
        }
    }
    match counted.is_empty() {
        false => {
            let took = seconds(listing.took);
            findings.ok("lists", format!("{}, in {took}", counted.join(", ")));
        }
        true => findings.warning(
            "lists",
            "it offers nothing",
            "check its arguments and variables: many servers offer nothing without them",
        ),
    }
}

/// What it sends that it should not.
fn output(child: &Child, noise: u64, findings: &mut Findings) {
    let lines = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX), "line");
    match (&child.spec.source, noise) {
        (ChildSource::Stdio(_), 0) => {}
        (ChildSource::Stdio(_), noise) => findings.warning(
            "stdout",
            format!("it has printed {} that are no messages", lines(noise)),
            "have it log to stderr: stdout is the protocol's (`MCP_COMPOSE_LOG=warn` shows the lines)",
        ),
        (_, 0) => {}
        (_, noise) => findings.warning(
            "messages",
            format!("it has sent {noise} that are none"),
            "see what stands before the server: a proxy may add to what it sends",
        ),
    }
    let unasked = child.counters.total(Oddity::Unasked) + child.counters.total(Oddity::Repeated);
    if unasked > 0 {
        findings.warning(
            "messages",
            format!("it has answered {unasked} times what was not asked, or was answered already"),
            "update the server: its answers cannot be told apart",
        );
    }
}

fn era(era: Era) -> &'static str {
    match era {
        Era::Legacy => "legacy",
        Era::Modern => "modern",
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f32())
}
